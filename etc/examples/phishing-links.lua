-- Where do the links of a message lead? A policy in front of a mail server. It refuses
--   * links that show one domain and lead to another: shown https://www.good.example.org, goes to evil.example.com,
--   * links to a bare address (http://192.0.2.1/), and hosts written so that people cannot read them,
--   * messages with a link to a domain that is on a block list; all are asked about at once, and no more than MOST_DOMAINS,
-- and marks what it could not look through. Where mail goes is option smtp-smart-host.
--
-- Change these to suit:
-- 'refuse', or 'mark': newsletters show their own domain, and lead to that of whoever counts the clicks.
local MISLEADING = 'refuse'
-- Domains of those whom we let do that.
local CLICK_COUNTERS = { ['example-mailings.net'] = true }
-- Whether a link is taken at its word that says where it goes in the end (?url=https://...), as most of those who count clicks have them. Anybody can
-- write that: with false only CLICK_COUNTERS may lead elsewhere.
local TRUST_NESTED = true
-- Never asked about: our own, and what stands in the head of most HTML.
local KNOWN = { 'example.com', 'w3.org', 'microsoft.com', 'google.com', 'googleapis.com' }
local MOST_DOMAINS = 25
-- Lists, and the answers that mean "listed": others tell that we may not ask.
local LISTS = {
  { zone = 'dbl.spamhaus.org', listed = '^127%.0%.1%.' },
  { zone = 'multi.surbl.org', listed = '^127%.0%.0%.[2-9]' },
}

uri.skip(KNOWN)

local function is_web(link) return link.scheme:lower():find('^https?$') ~= nil end

-- What people take for an address: it begins as one, or is a host and nothing else. With capitals such a word is more often a name or a file: ASP.NET,
-- Booking.com, README.md.
local function shows_address(link)
  local text = link.text:lower()
  return text:find('^https?://') or text:find('^www%.') or link.text == link.text_host
end

-- Shows one domain and leads to another, which does not lead back.
local function is_misleading(link)
  if not link.text_domain or link.text_domain == link.domain or not shows_address(link) then return false end
  if CLICK_COUNTERS[link.domain] then return false end
  for _, key in ipairs(TRUST_NESTED and link.nested or {}) do
    if uri.found[key].domain == link.text_domain then return false end
  end
  return true
end

-- Manuals of routers and programs are full of http://192.168.1.1/ and http://127.0.0.1:8080/, which lead nobody astray.
local NEAR = net.is_ip.LOCAL | net.is_ip.LAN | net.is_ip.ULA
local function is_bare_address(link)
  return link.address and link.source ~= 'header' and not net.is_ip_reserved(link.address, NEAR)
end

-- Full-width letters and the like are for the eye; a name and password before the host, or a number for one, are for nobody else.
local function is_hidden(link)
  local how = link.obscured or {}
  return how.user_info or how.number or how.scripts or how.letters or how.percent
end

-- The first domain that is listed, and where. A list that does not answer lists nothing: mail goes on without it.
local function find_listed(domains)
  local questions = {}
  for i = 1, math.min(#domains, MOST_DOMAINS) do
    for _, list in ipairs(LISTS) do
      questions[#questions + 1] = { domain = domains[i], name = domains[i] .. '.' .. list.zone, list = list }
    end
  end
  dns.open()
  for _, question in ipairs(questions) do dns.query(dns.class.IN, dns.type.A, question.name) end
  local answers = dns.wait(true)
  for _, question in ipairs(questions) do
    local reply = answers['IN,A,' .. question.name .. '.']
    for _, record in ipairs(reply.answer or {}) do
      if record.type == dns.type.A and record.value:find(question.list.listed) then
        return question.domain, question.list.zone
      end
    end
  end
end

function hook.dot(path)
  -- The mark is ours alone.
  while header.find('X-Links', 1) do header.delete('X-Links', 1) end

  for _, key in ipairs(uri.found) do
    local link = uri.found[key]
    if is_web(link) then
      if is_bare_address(link) then
        return '550 5.7.1 a link leads to the address ' .. link.address
      end
      if is_hidden(link) then return '550 5.7.1 a link hides that it leads to ' .. (link.domain or link.ascii or '?') end
      if is_misleading(link) then
        local what = 'a link shows ' .. link.text_domain .. ' and leads to ' .. (link.domain or link.ascii or '?')
        if MISLEADING == 'refuse' then return '550 5.7.1 ' .. what end
        header.add('X-Links: ' .. what)
      end
    end
  end

  local domains, truncated = uri.domains()
  local domain, zone = find_listed(domains)
  if domain then return '550 5.7.1 ' .. domain .. ' is listed by ' .. zone end
  -- Nobody hides among many: what was not asked about is said.
  if truncated or #domains > MOST_DOMAINS then header.add('X-Links: too many to look through') end
end
