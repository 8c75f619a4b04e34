-- A tag in the subject of what comes from outside, a footer under what our own people send.

local OUR_DOMAINS = { ['example.com'] = true }
local OUR_NETWORKS = '10.0.0.0/8'
local TAG = '[external] '
-- A line that stands in the footer and hardly anywhere else: by it the footer is found again in answers.
local MARK = 'Example Corp, Springfield'
local TEXT = '\n-- \n' .. MARK
local HTML = '<p style="color:#666">' .. MARK .. '</p>'

local function is_ours()
  return client.authenticated or net.contains_ip(OUR_NETWORKS, client.address)
end

function hook.rcpt(recipient, domain)
  if is_ours() or OUR_DOMAINS[domain:lower()] then return end
  return '550 5.7.1 we do not take mail for ' .. recipient
end

local function has_footer()
  for i, part in ipairs(mime.parts) do
    if (part.type or ''):find('^text/') and (mime.text(i, 65536) or ''):find(MARK, 1, true) then return true end
  end
  return false
end

function hook.dot()
  if is_ours() then
    if client.sender ~= '' and not has_footer() then mime.add_footer { text = TEXT, html = HTML } end
    return
  end
  local _, subject = header.find('Subject', 1)
  if subject == nil then
    header.add('Subject: ' .. TAG)
  elseif not subject:find(TAG, 1, true) then
    header.modify('Subject', 1, TAG .. subject)
  end
end
