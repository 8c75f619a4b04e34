-- (f) who sent it: SPF, DKIM and DMARC, and what was found written into the message.
function hook.dot(path)
  local sender, signatures = spf.check(), dkim.verify()
  local verdict = dmarc.check(sender, signatures)
  auth.add { spf = sender, dkim = signatures, dmarc = verdict }
  -- A benchmark of checks that find nothing would be none.
  if verdict.result ~= 'pass' or signatures[1].result ~= 'pass' or sender.result ~= 'pass' then
    return '550 5.7.26 ' .. verdict.result
  end
end
