#!/bin/sh
# Installs the Debian packages whose programs the tests in spec/real talk to, where that is allowed: root, apt-get, and
# SMTPE_TEST_INSTALL not "no". Prints what it does; never fails: tests whose programs are missing are skipped by name.
set -u

# program:package
WANTED="swaks:swaks smtp-sink:postfix clamd:clamav-daemon clamdscan:clamdscan spamassassin:spamassassin spamd:spamd spamc:spamc
aiosmtpd:python3-aiosmtpd nsd:nsd haproxy:haproxy unbound:unbound openssl:openssl lua5.1:lua5.1 lua5.4:lua5.4 luacheck:lua-check redis-server:redis-server
dkimsign:python3-dkim opendkim-testmsg:opendkim-tools rspamd:rspamd dovecot:dovecot-core msmtp:msmtp curl:curl logrotate:logrotate chromium:chromium"
PATH="$PATH:/usr/sbin:/sbin"

packages=""
for pair in $WANTED; do
  command -v "${pair%%:*}" >/dev/null 2>&1 || packages="$packages ${pair#*:}"
done
[ -e /usr/share/clamav-testfiles ] || packages="$packages clamav-testfiles"
# Dovecot's servers for LMTP and IMAP are no programs of anybody's path.
[ -e /usr/lib/dovecot/lmtp ] || packages="$packages dovecot-lmtpd"
[ -e /usr/lib/dovecot/imap ] || packages="$packages dovecot-imapd"
# What python3-dkim needs for ed25519 and for ARC, and no programs of their own.
[ -e /usr/lib/python3/dist-packages/nacl ] || packages="$packages python3-nacl"
[ -e /usr/lib/python3/dist-packages/authres ] || packages="$packages python3-authres"
[ -e /usr/lib/python3/dist-packages/prometheus_client ] || packages="$packages python3-prometheus-client"
# A library without a program.
[ -e /usr/lib/python3/dist-packages/spf.py ] || packages="$packages python3-spf"
# Exim cannot be installed beside postfix: its program is unpacked to a place of its own, and what it needs is installed.
EXIM=/opt/smtpe-test/exim
exim=no
if [ ! -x "$EXIM/usr/sbin/exim4" ]; then
  exim=yes
  packages="$packages libdb5.3 libgnutls-dane0 libidn12 libnsl2 libpcre2-8-0"
fi
# Lua libraries are unpacked to a place of their own too: whatever Lua is on this machine must not find them. That needs no root where the
# place can be written to (SMTPE_TEST_LUA).
LUA="${SMTPE_TEST_LUA:-/opt/smtpe-test/lua}"
LUA_PACKAGES="lua-socket lua-cjson lua-dkjson lua-md5 lua-filesystem lua-penlight lua-json lua-lpeg lua-redis lua-inspect lua-argparse
lua-basexx lua-unit lua-say lua-mediator lua-ansicolors lua-cliargs lua-luassert lua-messagepack lua-logging lua-markdown lua-uri lua-fifo
lua-binaryheap lua-lemock lua-coxpcall"
if [ ! -e "$LUA/usr/share/lua/5.1/pl/init.lua" ] && [ "${SMTPE_TEST_INSTALL:-yes}" != no ] && command -v apt-get >/dev/null 2>&1 &&
  mkdir -p "$LUA" 2>/dev/null; then
  lua_debs=$(mktemp -d)
  [ "$(id -u)" = 0 ] && apt-get -o DPkg::Lock::Timeout=300 update -q >/dev/null 2>&1
  for package in $LUA_PACKAGES; do
    (cd "$lua_debs" && apt-get -q download "$package" >/dev/null 2>&1) || echo "could not fetch $package"
  done
  for deb in "$lua_debs"/*.deb; do
    [ -e "$deb" ] && dpkg -x "$deb" "$LUA"
  done
  rm -rf "$lua_debs"
fi
[ -z "$packages" ] && exit 0

if [ "${SMTPE_TEST_INSTALL:-yes}" = no ]; then
  echo "not installing$packages: SMTPE_TEST_INSTALL=no"
  exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
  echo "not installing$packages: no apt-get here"
  exit 0
fi
if [ "$(id -u)" != 0 ]; then
  echo "not installing$packages: not root (to install them: sudo apt-get install$packages)"
  exit 0
fi

echo "installing$packages"
export DEBIAN_FRONTEND=noninteractive
# The tests start their own servers on free ports of loopback; the packages must not start theirs.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
if command -v debconf-set-selections >/dev/null 2>&1; then
  echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
fi
log=$(mktemp)
lock="-o DPkg::Lock::Timeout=300"
install() {
  # shellcheck disable=SC2086
  apt-get $lock install -y -q --no-install-recommends "$@" >>"$log" 2>&1
}
# shellcheck disable=SC2086
apt-get $lock update -q >>"$log" 2>&1
# Only newer distributions have it.
if ! command -v valkey-server >/dev/null 2>&1 && apt-cache show valkey-server >/dev/null 2>&1; then
  packages="$packages valkey-server"
fi
# shellcheck disable=SC2086
if ! install $packages; then
  # One package that is not there must not keep the others out.
  for package in $packages; do
    install "$package" || echo "could not install $package: $(tail -n 1 "$log")"
  done
fi
if [ "$exim" = yes ]; then
  unpack=$(mktemp -d)
  if (cd "$unpack" && apt-get -q download exim4-daemon-light >>"$log" 2>&1 && mkdir -p "$EXIM" && dpkg -x ./*.deb "$EXIM"); then
    id Debian-exim >/dev/null 2>&1 || useradd -r -M -s /usr/sbin/nologin Debian-exim
  else
    echo "could not unpack exim4-daemon-light: $(tail -n 1 "$log")"
  fi
  rm -rf "$unpack"
fi
rm -f "$log"
exit 0
