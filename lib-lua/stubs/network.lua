---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---Name servers, as scripts for Rumble ask them (doc/rumble.md): in a policy behind `require "rumble"`.
---@class network
network = {}

---The address of a host (hosts file, `dns-servers`), waited for at most `dns-max-timeout`.
---@param host string A name, or an IPv4 address, which gives itself.
---@return string? address the first IPv4 address; nil when there is none
function network.getHostByName(host) end

---The mail exchangers of a domain. A domain that has an address only is its own, with preference 10 and its IPv4 address as host; one that takes no mail (RFC 7505) gives one entry with preference 0 and host `.`.
---@param domain string Its name.
---@return { preference: integer, host: string }[] exchangers each `{ preference = integer, host = string }`, the preferred ones first, hosts in lower case without final dot; empty when there is nothing
function network.getMX(domain) end
