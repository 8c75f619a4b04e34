---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---Lines of the policy in the log of smtpe, wherever that goes (stderr, the journal, a file, a syslog server). Each line carries the transaction id while there is one, else the session id. `log-level` decides how urgent a line must be to be written. None of these functions suspends.
---@class syslog
syslog = {}

---The system is unusable.
syslog.LOG_EMERG = 0

---Something must be done at once.
syslog.LOG_ALERT = 1

---A critical condition.
syslog.LOG_CRIT = 2

---An error.
syslog.LOG_ERR = 3

---A warning.
syslog.LOG_WARNING = 4

---Normal, but worth noting.
syslog.LOG_NOTICE = 5

---For information.
syslog.LOG_INFO = 6

---For finding errors in the policy.
syslog.LOG_DEBUG = 7

---Facility kern.
syslog.LOG_KERN = 0

---Facility user.
syslog.LOG_USER = 8

---Facility mail.
syslog.LOG_MAIL = 16

---Facility daemon.
syslog.LOG_DAEMON = 24

---Facility auth.
syslog.LOG_AUTH = 32

---Facility syslog.
syslog.LOG_SYSLOG = 40

---Facility lpr.
syslog.LOG_LPR = 48

---Facility news.
syslog.LOG_NEWS = 56

---Facility uucp.
syslog.LOG_UUCP = 64

---Facility cron.
syslog.LOG_CRON = 72

---Facility authpriv.
syslog.LOG_AUTHPRIV = 80

---Facility ftp.
syslog.LOG_FTP = 88

---Facility local0.
syslog.LOG_LOCAL0 = 128

---Facility local1.
syslog.LOG_LOCAL1 = 136

---Facility local2.
syslog.LOG_LOCAL2 = 144

---Facility local3.
syslog.LOG_LOCAL3 = 152

---Facility local4.
syslog.LOG_LOCAL4 = 160

---Facility local5.
syslog.LOG_LOCAL5 = 168

---Facility local6.
syslog.LOG_LOCAL6 = 176

---Facility local7.
syslog.LOG_LOCAL7 = 184

---Option of syslog.open; has no effect here.
syslog.LOG_PID = 1

---Option of syslog.open; has no effect here.
syslog.LOG_CONS = 2

---Option of syslog.open; has no effect here.
syslog.LOG_ODELAY = 4

---Option of syslog.open; has no effect here.
syslog.LOG_NDELAY = 8

---Option of syslog.open; has no effect here.
syslog.LOG_NOWAIT = 16

---Option of syslog.open; has no effect here.
syslog.LOG_PERROR = 32

---Sets name and facility of the lines that this connection logs from now on. Raises an error for a number that is no facility.
---@param ident string The name that lines begin with, instead of smtpe.
---@param options? integer Sum of options; has no effect: lines always carry the process number.
---@param facility? integer One of the facilities; seen by syslog servers.
function syslog.open(ident, options, facility) end

---Writes a line. The message is taken literally. Raises an error for a number that is no level.
---@param level? integer One of the levels; a facility may be added to it.
---@param message string The text; control characters and 8-bit bytes are shown as codes.
function syslog.log(level, message) end

---The same as `syslog.log(syslog.LOG_ERR, message)`.
---@param message string The text; control characters and 8-bit bytes are shown as codes.
function syslog.error(message) end

---The same as `syslog.log(syslog.LOG_INFO, message)`.
---@param message string The text; control characters and 8-bit bytes are shown as codes.
function syslog.info(message) end

---The same as `syslog.log(syslog.LOG_DEBUG, message)`.
---@param message string The text; control characters and 8-bit bytes are shown as codes.
function syslog.debug(message) end

---Undoes `syslog.open`.
function syslog.close() end
