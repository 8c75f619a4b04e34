-- A footer under what our own people send. A policy in front of a mail server. It
--   * puts the footer under mail that our own clients send as an address of our domains,
--   * once in a thread: not where the text has it already, quoted from the mail that is answered,
--   * never under mail that is signed or encrypted, under attachments or under a message inside the message,
--   * not under bounces and other mail that programs write.
-- Mail that cannot be changed safely goes out without a footer; the log says so ("content of the message not changed").
-- Where mail goes is option smtp-smart-host.
--
-- Change these to suit:
local OUR_DOMAINS = { ['example.com'] = true, ['example.org'] = true }
-- Hosts whose mail we send. Not 127.0.0.0/8: a proxy on this machine makes everybody come from there.
local OUR_NETWORKS = { '10.0.0.0/8' }
-- A line that stands in the footer and hardly anywhere else: by it the footer is found again in answers.
local MARK = 'Example Corp, Springfield'
local TEXT = '\n-- \n' .. MARK .. '\nRegistered in Springfield, no. 1234'
local HTML = '<p style="color:#666">' .. MARK .. '<br>Registered in Springfield, no. 1234</p>'

local function is_ours()
  for _, network in ipairs(OUR_NETWORKS) do
    if net.contains_ip(network, client.address) then return true end
  end
  return client.authenticated
end

-- A policy answers for what it lets through: strangers may write to our domains only.
function hook.rcpt(recipient, domain)
  if is_ours() or OUR_DOMAINS[domain] or recipient:lower() == 'postmaster' then return end
  return '550 5.7.1 we do not take mail for ' .. recipient
end

local sender
function hook.mail(address) sender = address end

local function is_automatic()
  local _, value = header.find('Auto-Submitted', 1)
  return sender == '' or (value ~= nil and not value:lower():find('^no'))
end

-- The first 64 KiB of a text are looked at: an answer quotes what it answers near its beginning or its end, and a footer too many does no harm.
local function has_footer()
  for i, part in ipairs(mime.parts) do
    local kind = part.content_type
    if kind == nil or kind:lower():find('text/', 1, true) then
      local text = mime.text(i, 65536)
      if text and text:find(MARK, 1, true) then return true end
    end
  end
  return false
end

function hook.dot()
  if not is_ours() or not OUR_DOMAINS[auth.author() or ''] or is_automatic() or has_footer() then return end
  mime.add_footer { text = TEXT, html = HTML }
  -- What was changed is signed anew, if we sign:
  -- dkim.sign { domain = auth.author(), selector = '2026a', key = '/etc/smtpe/2026a.pem' }
end
