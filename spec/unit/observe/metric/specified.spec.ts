// The metrics that were promised, as a list: names, kinds, labels and their values. The table may have more; what dashboards are made of does not go,
// and does not get another name.
import { describe, expect, it } from 'vitest';
import type { MetricSpec } from '../../../../src/observe/metric/metric-spec.ts';
import { metricTable } from '../../../../src/observe/metric/metric-table.ts';
import { POLICY_PREFIX } from '../../../../src/observe/metric/policy-metrics.ts';

const table: Readonly<Record<string, MetricSpec>> = metricTable;

/** `name kind label=value,value label=...`; `*`: a set that is known at the start; no values: any. */
const promised = `
smtpe_connections_total counter listener=* result=accepted,refused_limit,refused_rate,refused_policy,proxy_error
smtpe_sessions gauge listener=*
smtpe_sessions_by_state gauge state=opening,command,transaction,content,hook,next_hop,closing
smtpe_session_seconds histogram
smtpe_session_end_total counter reason=quit,dropped,limit,timeout,lost,error,shutdown
smtpe_commands_total counter verb=EHLO,HELO,MAIL,RCPT,DATA,BDAT,RSET,NOOP,QUIT,VRFY,HELP,AUTH,STARTTLS,XCLIENT,unknown class=2,3,4,5
smtpe_replies_total counter code=220,221,235,250,354,421,450,451,452,500,501,502,503,550,552,554,other cause=default,hook,limit,forward
smtpe_messages_total counter result=accepted,refused,deferred,lost
smtpe_message_bytes histogram
smtpe_recipients_total counter result=accepted,refused,deferred
smtpe_hook_seconds histogram hook=*
smtpe_hook_cpu_seconds histogram hook=*
smtpe_hook_results_total counter hook=* result=none,reply2,reply4,reply5,drop,error,cpu_limit,time_limit,memory
smtpe_hook_suspended gauge
smtpe_lua_memory_bytes gauge
smtpe_policy_loads_total counter result=ok,failed
smtpe_policy_load_time gauge
smtpe_forward_total counter stage=connect,banner,helo,mail,rcpt,data,dot result=delivered,refused,failed
smtpe_forward_seconds histogram
smtpe_forward_connections gauge state=idle,busy
smtpe_dns_queries_total counter outcome=cache,ok,nxdomain,servfail,timeout
smtpe_dns_seconds histogram
smtpe_dns_cache_entries gauge
smtpe_service_total counter service=clamd,spamd,http result=ok,failed
smtpe_service_seconds histogram service=clamd,spamd,http
smtpe_spf_total counter result=pass,fail,softfail,neutral,none,temperror,permerror
smtpe_dkim_total counter result=pass,fail,none
smtpe_dmarc_total counter result=pass,fail,none
smtpe_arc_total counter result=pass,fail,none
smtpe_authres_removed_total counter
smtpe_tls_handshakes_total counter side=in,out version=TLSv1.2,TLSv1.3 result=full,resumed,failed
smtpe_tls_handshake_seconds histogram side=in,out
smtpe_tls_certificate_expiry_timestamp_seconds gauge file=*
smtpe_store_operations_total counter store=* op=get,set,incr,delete result=ok,down,timeout
smtpe_store_seconds histogram store=*
smtpe_store_state gauge store=*
smtpe_spool_bytes gauge
smtpe_spool_free_bytes gauge
smtpe_spool_memory_bytes gauge
smtpe_event_loop_lag_seconds histogram worker=*
smtpe_workers gauge
smtpe_worker_restarts_total counter reason=
smtpe_log_dropped_total counter
process_cpu_seconds_total counter
process_resident_memory_bytes gauge
process_open_fds gauge
process_start_time_seconds gauge
nodejs_heap_size_used_bytes gauge
nodejs_heap_size_total_bytes gauge
nodejs_gc_duration_seconds histogram kind=minor,major
`;

describe('each metric that was promised is there', () => {
  it.each(promised.trim().split('\n'))('%s', (line) => {
    const [name = '', kind, ...labels] = line.split(' ');
    const spec = table[name];
    expect(spec?.kind).toBe(kind);
    const there = spec?.labels ?? {};
    const wanted = labels.map((label) => label.split('='));
    expect(Object.keys(there)).toEqual(wanted.map(([label]) => label));
    for (const [label = '', values = ''] of wanted) {
      const given = there[label];
      if (values === '*') expect(typeof given).toBe('string');
      else if (values !== '') expect(given).toEqual(expect.arrayContaining(values.split(',')));
    }
  });
});

it('those of policies have a prefix of their own', () => {
  expect(POLICY_PREFIX).toBe('smtpe_policy_');
});
