-- A small administration console: one command a line.
local function account_line(account)
  return ("%d %s@%s %s [%s]\r\n"):format(account.id, account.name, account.domain, account.type, account.arguments)
end
local commands = {
  domain = function(name) return tostring(Mailman.createDomain(name)) end,
  undomain = function(name) return tostring(Mailman.deleteDomain(name)) end,
  domains = function()
    local names = {}
    for name, info in pairs(Mailman.listDomains()) do names[#names + 1] = name .. ":" .. info.flags .. ":" .. type(info.path) end
    table.sort(names)
    return table.concat(names, " ")
  end,
  add = function(name, domain, type, password, arguments)
    return tostring(Mailman.saveAccount({
      name = name, domain = domain, type = type, password = (password or ""):SHA256(), arguments = arguments or "",
    }))
  end,
  passwd = function(id, password)
    local account = Mailman.readAccount(tonumber(id))
    if not account then return "no such account" end
    account.password = password:SHA256()
    return tostring(Mailman.saveAccount(account))
  end,
  login = function(name, domain, password)
    local account = Mailman.readAccount(domain, name)
    return account and account.password == password:SHA256() and "welcome " .. account.id or "go away"
  end,
  exists = function(name, domain)
    return tostring(Mailman.accountExists(domain, name)) .. " " .. tostring(Mailman.addressExists(domain, name))
  end,
  who = function(name, domain)
    local account = Mailman.readAccount(domain, name)
    return account and account_line(account):gsub("\r\n", "") or "nobody"
  end,
  delete = function(id) Mailman.deleteAccount(tonumber(id)) return "done" end,
  remove = function(name, domain) Mailman.deleteAccount(domain, name) return "done" end,
  list = function(domain)
    local lines = {}
    for i, account in ipairs(Mailman.listAccounts(domain)) do lines[i] = account.id .. "=" .. account.name end
    return #lines .. " " .. table.concat(lines, " ")
  end,
}
local function console(session)
  while true do
    local line, length = session:receive()
    if length == 0 or line == "quit" then return end
    local words = {}
    for word in line:gmatch("%S+") do words[#words + 1] = word end
    local command = commands[table.remove(words, 1)]
    session:send(command and command(unpack(words)) or "?", "\r\n")
  end
end
Rumble.createService(console, 2703, 3)
