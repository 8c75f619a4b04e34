-- (g) a full filter: the six hooks of (b), the sender checks of (f), names of attachments, and where links lead, with a block list.
local conn = { rcpts = 0 }
local programs = { exe = true, scr = true, js = true, vbs = true, bat = true, iso = true, lnk = true }

function hook.accept(ip, host)
  conn.ip = ip
  conn.host = host
end

function hook.ehlo(name)
  conn.helo = name:lower()
end

function hook.mail(sender, domain)
  conn.sender = sender
  conn.domain = domain
end

function hook.rcpt(recipient, domain)
  conn.rcpts = conn.rcpts + 1
  if domain == 'refused.example' then return '550 5.1.1 no such user' end
end

function hook.data()
end

local function check_sender()
  local sender, signatures = spf.check(), dkim.verify()
  local verdict = dmarc.check(sender, signatures)
  auth.add { spf = sender, dkim = signatures, dmarc = verdict }
  -- A benchmark of checks that find nothing would be none.
  if verdict.result ~= 'pass' or signatures[1].result ~= 'pass' or sender.result ~= 'pass' then
    return '550 5.7.26 ' .. verdict.result
  end
end

local function check_attachments()
  conn.files = 0
  for _, part in ipairs(mime.parts) do
    for _, name in ipairs(part.filenames or {}) do
      conn.files = conn.files + 1
      if programs[name:lower():match('%.(%w+)$') or ''] then return '550 5.7.1 no programs, please: ' .. name end
    end
  end
end

local function check_links()
  for _, key in ipairs(uri.found) do
    local link = uri.found[key]
    if link.address or link.obscured then return '550 5.7.1 a link hides where it leads' end
    if link.text_domain and link.text_domain ~= link.domain then return '550 5.7.1 a link leads elsewhere' end
  end
  local domains = uri.domains()
  dns.open()
  for i = 1, math.min(#domains, 20) do dns.query(dns.class.IN, dns.type.A, domains[i] .. '.dbl.bench.test') end
  conn.domains = 0
  for _, answer in ipairs(dns.wait(true)) do
    conn.domains = conn.domains + 1
    if answer.answer[1].value:find('^127%.') then return '550 5.7.1 ' .. answer.name .. ' is listed' end
  end
end

function hook.dot(path)
  conn.size = client.message_length
  local refusal = check_sender() or check_attachments() or check_links()
  if refusal then return refusal end
  if conn.files ~= 1 or #uri.found ~= 15 or conn.domains ~= 3 then
    return '550 5.3.0 ' .. conn.files .. ' files, ' .. #uri.found .. ' links, ' .. conn.domains .. ' domains'
  end
end
