"""Writes quiet lines in the manner of many systems, with the same source of chance each time."""
import random, pathlib, sys
r = random.Random(20261121)
out = pathlib.Path(sys.argv[1]); out.mkdir(exist_ok=True, parents=True)
hx = lambda n: "".join(r.choice("0123456789abcdef") for _ in range(n))
HX = lambda n: hx(n).upper()
n = lambda a, b: r.randint(a, b)
ip = lambda: f"10.{n(0,255)}.{n(0,255)}.{n(1,254)}"
w = lambda *a: r.choice(a)
tod = lambda: f"{n(0,23):02}:{n(0,59):02}:{n(0,59):02}"
blk = lambda: f"blk_{w('','-')}{n(10**17,9*10**18)}"
user = lambda: w("root", "deploy", "git", "mia", "o.berg", "svc-backup", "test", "error", "panic")
host = lambda: w("node", "db", "web", "gpu") + str(n(1, 40))
cls = lambda: w("ErrorHandler", "ExceptionMapper", "FatalErrorStrategy", "RetryOnErrorPolicy", "FailureDetector", "ErrorReportValve", "DeadLetterQueue")
S = {}
S["distributed_files"] = (lambda: f"{n(8,12):02}{n(1,12):02}{n(1,28):02} {n(0,235959):06} {n(1,4000)} INFO ", [
 lambda: f"dfs.DataNode$DataXceiver: Receiving block {blk()} src: /{ip()}:{n(1024,65000)} dest: /{ip()}:50010",
 lambda: f"dfs.DataNode$PacketResponder: PacketResponder {n(0,2)} for block {blk()} terminating",
 lambda: f"dfs.FSNamesystem: BLOCK* NameSystem.addStoredBlock: blockMap updated: {ip()}:50010 is added to {blk()} size {n(1,67108864)}",
 lambda: f"dfs.DataBlockScanner: Verification succeeded for {blk()}, 0 errors",
 lambda: f"dfs.DataNode$DataXceiver: writeBlock {blk()} received exception counters reset",
 lambda: f"dfs.FSDataset: Deleting block {blk()} file /data/current/subdir{n(0,63)}/{blk()}",
 lambda: f"dfs.DataNode: error count since start: 0, failed volumes: 0",
])
S["cluster_compute"] = (lambda: f"{n(15,26)}/{n(1,12):02}/{n(1,28):02} {tod()} INFO ", [
 lambda: f"executor.Executor: Finished task {n(0,99)}.0 in stage {n(0,9)}.0 (TID {n(1,9999)}). {n(900,3000)} bytes result sent to driver",
 lambda: f"storage.MemoryStore: Block broadcast_{n(1,99)} stored as values in memory (estimated size {n(1,900)}.{n(0,9)} KB, free {n(1,900)}.{n(0,9)} MB)",
 lambda: f"scheduler.TaskSetManager: Task {n(0,99)}.0 failed tasks so far: 0 of 4 allowed failures",
 lambda: f"util.ShutdownHookManager: Shutdown hook called, error state false",
 lambda: f"output.FileOutputCommitter: Saved output of task 'attempt_{n(2015,2026)}_0000_m_{n(0,999999):06}_{n(1,9999)}' to hdfs://{host()}:9000/out",
 lambda: f"python.PythonRunner: Times: total = {n(10,99)}, boot = {n(1,50)}, init = {n(1,40)}, finish = 0, errors = 0",
 lambda: f"netty.NettyBlockTransferService: registered {cls()} on port {n(1024,65000)}",
])
S["coordination"] = (lambda: f"2026-07-{n(1,29):02} {tod()},{n(0,999):03} - {w('INFO','INFO','DEBUG')}  ", [
 lambda: f"[/{ip()}:3888:QuorumCnxManager$Listener@493] - Received connection request /{ip()}:{n(1024,65000)}",
 lambda: f"[NIOServerCxn.Factory:0.0.0.0/0.0.0.0:2181:ZooKeeperServer@839] - Client attempting to establish new session at /{ip()}:{n(1024,65000)}",
 lambda: f"[ProcessThread(sid:1 cport:-1)::PrepRequestProcessor@476] - Processed session termination for sessionid: 0x{hx(15)}",
 lambda: f"[ProcessThread(sid:1 cport:-1)::PrepRequestProcessor@627] - Got user-level KeeperException when processing sessionid:0x{hx(15)} type:create cxid:0x{hx(2)} zxid:0x{hx(10)} txntype:-1 reqpath:n/a Error Path:/brokers Error:KeeperErrorCode = NodeExists for /brokers",
 lambda: f"[main:QuorumPeerConfig@101] - errorHandling=default, failureRetries=3",
 lambda: f"[CommitProcessor:2:ZooKeeperServer@595] - Established session 0x{hx(15)} with negotiated timeout {n(4,40)}000 for client /{ip()}:{n(1024,65000)}",
])
S["cloud_platform"] = (lambda: f"nova-{w('api','compute','scheduler')}.log.1.2026-05-{n(1,28)}_{tod()} 2026-05-{n(10,28)} {tod()}.{n(0,999):03} {n(1000,30000)} INFO ", [
 lambda: f"nova.osapi_compute.wsgi.server [req-{hx(8)}-{hx(4)}-{hx(4)}-{hx(4)}-{hx(12)} {hx(32)} {hx(32)} - - -] {ip()} \"GET /v2/{hx(32)}/servers/detail HTTP/1.1\" status: {w(200,200,404,500)} len: {n(100,2000)} time: 0.{n(1000000,9999999)}",
 lambda: f"nova.virt.libvirt.imagecache [req-{hx(8)}-{hx(4)}-{hx(4)}-{hx(4)}-{hx(12)} - - - - -] image {hx(8)}-{hx(4)}-{hx(4)}-{hx(4)}-{hx(12)} at (/var/lib/nova/instances/_base/{hx(40)}): checking",
 lambda: f"nova.compute.manager [-] [instance: {hx(8)}-{hx(4)}-{hx(4)}-{hx(4)}-{hx(12)}] VM Stopped (Lifecycle Event), previous vm_state error cleared",
 lambda: f"nova.compute.claims [req-{hx(8)} - -] [instance: {hx(8)}] Attempting claim: memory {n(1,64)*512} MB, disk {n(1,80)} GB, vcpus {n(1,8)} CPU, failed claims 0",
])
S["kernel"] = (lambda: f"{w('Jun','Jul','Nov')} {n(1,28):2} {tod()} {host()} kernel: [{n(0,99999):5}.{n(0,999999):06}] ", [
 lambda: f"usb {n(1,4)}-{n(1,6)}: new high-speed USB device number {n(2,30)} using xhci_hcd",
 lambda: f"EXT4-fs (sda{n(1,5)}): mounted filesystem with ordered data mode. Opts: errors=remount-ro",
 lambda: f"pcieport 0000:00:1c.{n(0,7)}: AER: enabled with IRQ {n(20,140)}",
 lambda: f"mce: CPU{n(0,63)}: Thermal monitoring enabled (TM1), error reporting banks {n(2,24)}",
 lambda: f"EDAC MC{n(0,3)}: Giving out device to module i7core_edac, corrected errors 0",
 lambda: f"audit: type=1400 audit({n(10**9,2*10**9)}.{n(0,999)}:{n(1,999)}): apparmor=\"STATUS\" operation=\"profile_load\" name=\"/usr/sbin/{user()}\"",
 lambda: f"ACPI: Core revision {n(20100000,20260000)}, error injection table present",
 lambda: f"nouveau 0000:01:00.0: fb: {n(1,16)*1024} MiB GDDR{n(5,6)}, panic handler registered",
 lambda: f"RAS: Correctable Errors collector initialized.",
 lambda: f"BERT: Boot Error Record Table support is enabled",
])
S["remote_shell"] = (lambda: f"Dec {n(1,28):2} {tod()} {host()} sshd[{n(1000,32000)}]: ", [
 lambda: f"Failed password for invalid user {user()} from {ip()} port {n(1024,65000)} ssh2",
 lambda: f"pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={ip()}  user={user()}",
 lambda: f"Received disconnect from {ip()}: 11: Bye Bye [preauth]",
 lambda: f"Connection closed by {ip()} [preauth]",
 lambda: f"reverse mapping checking getaddrinfo for {host()}.example.net [{ip()}] failed - POSSIBLE BREAK-IN ATTEMPT!",
 lambda: f"Accepted publickey for {user()} from {ip()} port {n(1024,65000)} ssh2: ED25519 SHA256:{hx(43)}",
 lambda: f"message repeated {n(2,5)} times: [ Failed password for {user()} from {ip()} port {n(1024,65000)} ssh2]",
 lambda: f"input_userauth_request: invalid user {user()} [preauth]",
 lambda: f"Did not receive identification string from {ip()}",
])
S["web_server"] = (lambda: f"[{w('Sun','Mon','Tue')} Dec {n(1,28):02} {tod()} 2025] [notice] ", [
 lambda: f"jk2_init() Found child {n(1000,9999)} in scoreboard slot {n(1,20)}",
 lambda: f"workerEnv.init() ok /etc/httpd/conf/workers2.properties",
 lambda: f"caught SIGTERM, shutting down",
 lambda: f"Digest: generating secret for digest authentication ...",
 lambda: f"ErrorDocument 500 configured for {host()}.example.net",
 lambda: f"mod_python: using mutex_directory /tmp, error log is /var/log/httpd/error_log",
])
S["access"] = (lambda: "", [
 lambda: f"{ip()} - {w('-',user())} [{n(1,28):02}/Nov/2026:{tod()} +0000] \"{w('GET','POST')} /{w('api/errors','error.html','v1/exceptions?level=error','static/fatal.png')} HTTP/1.1\" {w(200,304,404,500,502)} {n(0,90000)} \"-\" \"curl/8.{n(0,9)}\"",
 lambda: f"{n(10**9,2*10**9)}.{n(0,999):03} {n(1,9000):6} {ip()} TCP_MISS/{w(200,503)} {n(100,9000)} GET http://{host()}.example.net/error - HIER_DIRECT/{ip()} text/html",
 lambda: f"{ip()} {user()} [{n(1,28):02}/Nov/2026:{tod()}] TLSv1.3 \"GET /health\" {w(200,500)} rt=0.{n(0,999):03} err=0 upstream_error=-",
])
S["proxy_client"] = (lambda: f"[{n(1,12):02}.{n(1,28):02} {tod()}] ", [
 lambda: f"chrome.exe - proxy.{host()}.example.net:5070 open through proxy proxy.{host()}.example.net:5070 HTTPS",
 lambda: f"chrome.exe *64 - {host()}.example.net:80 close, {n(100,9999)} bytes sent, {n(100,99999)} bytes ({n(1,99)}.{n(0,9)} KB) received, lifetime {n(0,9):02}:{n(0,59):02}",
 lambda: f"git-remote-https.exe - github.example.net:443 error : Could not connect through proxy proxy.{host()}.example.net:5070 - Proxy server cannot establish a connection with the target, status code 403",
 lambda: f"SogouCloud.exe - get.example.net:80 error : Could not connect to proxy proxy.{host()}.example.net:5070 - connection attempt failed with error 10061",
])
S["supercomputer"] = (lambda: f"- {n(1117838570,1136000000)} 2005.{n(1,12):02}.{n(1,28):02} R{n(0,63):02}-M{n(0,1)}-N{n(0,9)}-C:J{n(0,17):02}-U{n(1,11):02} 2005-{n(1,12):02}-{n(1,28):02}-{tod().replace(':','.')}.{n(0,999999):06} R{n(0,63):02}-M{n(0,1)}-N{n(0,9)}-C:J{n(0,17):02}-U{n(1,11):02} RAS KERNEL INFO ", [
 lambda: f"instruction cache parity error corrected",
 lambda: f"generating core.{n(1,9999)}",
 lambda: f"{n(1,99)} double-hummer alignment exceptions",
 lambda: f"CE sym {n(0,63)}, at 0x{hx(8)}, mask 0x{hx(2)}",
 lambda: f"total of {n(1,9)} ddr error(s) detected and corrected",
 lambda: f"ciod: generated {n(1,128)} core files for program /home/u{n(1,9)}/a.out",
])
S["cluster_nodes"] = (lambda: f"- {n(1131523501,1140000000)} 2005.11.{n(1,28):02} {w('dn','an','tbird-admin')}{n(1,999)} Nov {n(1,28)} {tod()} {w('dn','an')}{n(1,999)}/{w('dn','an')}{n(1,999)} ", [
 lambda: f"crond(pam_unix)[{n(1000,30000)}]: session opened for user root by (uid=0)",
 lambda: f"ntpd[{n(1000,9000)}]: synchronized to {ip()}, stratum 3",
 lambda: f"in.tftpd[{n(1000,30000)}]: tftp: client does not accept options",
 lambda: f"pbs_mom: errors in last poll: 0",
 lambda: f"/usr/sbin/gmetad[{n(1000,9000)}]: data_thread() got no answer from any [Thunderbird_A{n(1,8)}] datasource",
])
S["high_performance"] = (lambda: f"{n(1000,999999)} node-{n(0,255)} ", [
 lambda: f"unix.hw state_change.unavailable {n(10**9,2*10**9)} 1 Component State Change: Component \\042alt0\\042 is in the unavailable state (HWID={n(1000,9999)})",
 lambda: f"boot_cmd new {n(10**9,2*10**9)} 1 Targeting domains:node-D{n(0,9)} and nodes:node-[{n(0,99)}-{n(100,255)}] child of command {n(100,999)}",
 lambda: f"unix.hw net.niff.up {n(10**9,2*10**9)} 1 NIFF: node node-{n(0,255)} has detected an available network connection on network {ip()} via interface alt0",
 lambda: f"action start {n(10**9,2*10**9)} 1 wait (command {n(1000,3000)})",
])
S["windows_servicing"] = (lambda: f"2026-09-{n(1,28):02} {tod()}, Info                  ", [
 lambda: f"CBS    SQM: Failed to start upload with file pattern: C:\\Windows\\servicing\\sqm\\*_std.sqm, flags: 0x2 [HRESULT = 0x80004005 - E_FAIL]",
 lambda: f"CBS    Session: {n(10**7,10**8)}_{n(10**8,10**9)} initialized by client WindowsUpdateAgent.",
 lambda: f"CBS    Read out cached package applicability for package: Package_for_KB{n(10**6,4*10**6)}~31bf3856ad364e35~amd64~~6.1.1.{n(0,9)}, ApplicableState: {n(0,112)}, CurrentState:{n(0,112)}",
 lambda: f"CSI    {hx(8)}@2026/9/{n(1,28)}:{tod()}.{n(0,999)} WcpInitialize (wcp.dll version 0.0.0.6) called (stack @0x7fed806eb5d @0x7fef9fb9b6d)",
 lambda: f"CBS    Warning: Unrecognized packageExtended attribute.",
 lambda: f"CBS    Expecting attribute name [HRESULT = 0x800f080d - CBS_E_MANIFEST_INVALID_ITEM]",
 lambda: f"CBS    Failed to get next element [HRESULT = 0x800f080d - CBS_E_MANIFEST_INVALID_ITEM]",
])
S["phone"] = (lambda: f"03-{n(10,28)} {tod()}.{n(0,999):03}  {n(1000,3000)}  {n(1000,9000)} {w('I','D','V','W')} ", [
 lambda: f"PowerManagerService: acquireWakeLockInternal: lock={n(10**7,10**9)}, flags=0x1, tag=\"View Lock\", name=com.android.systemui, ws=null, uid={n(10000,10100)}, pid={n(1000,3000)}",
 lambda: f"WindowManager: printFreezingDisplayLogsopening app wtoken = AppWindowToken{{{hx(7)} token=Token{{{hx(8)} ActivityRecord{{{hx(7)} u0 com.example/.ErrorActivity t{n(1,900)}}}}}}}, allDrawn= false",
 lambda: f"PhoneStatusBar: setSystemUiVisibility vis=0 mask=1 oldVal=40000500 newVal=40000500 diff=0 errors=0",
 lambda: f"AudioManager: getRingerModeInternal: exception caught and ignored",
 lambda: f"ActivityManager: Killing {n(1000,9000)}:com.example.fatal/u0a{n(1,99)} (adj 906): empty #17",
 lambda: f"art: Explicit concurrent mark sweep GC freed {n(1000,90000)}({n(1,9)}MB) AllocSpace objects, paused {n(1,9)}.{n(0,999)}ms total {n(10,90)}ms",
])
S["health_app"] = (lambda: f"20171223-{tod()}:{n(0,999)}|", [
 lambda: f"Step_{w('LSC','SPUtils','ExtSDM')}|{n(30002312,30002400)}|onStandStepChanged {n(1,9999)}",
 lambda: f"Step_StandReportReceiver|30002312|REPORT : {n(1,9999)} {n(1,9999)} {n(1,999999)} {n(1,99)}",
 lambda: f"HiH_HiSyncUtil|30002312|getErrorCode = 0, failed = false",
])
S["desktop"] = (lambda: f"Jul {n(1,28):2} {tod()} calvisitor-{n(10,99)}-{n(10,99)}-{n(10,99)} ", [
 lambda: f"kernel[0]: ARPT: {n(1000,900000)}.{n(0,999999)}: wl0: wl_update_tcpkeep_seq: Original Seq: {n(10**8,4*10**9)}, Ack: {n(10**8,4*10**9)}, Win size: {n(256,4096)}",
 lambda: f"com.apple.CDScheduler[{n(30,99)}]: Thermal pressure state: {n(0,2)} Memory pressure state: 0",
 lambda: f"QQ[{n(1000,9000)}]: FA||Url||taskID[{n(10**8,3*10**9)}] dealloc",
 lambda: f"com.apple.cts[{n(30,99)}]: com.apple.suggestions.harvest: scheduler_evaluate_activity told me to run this job; however, but the start time isn't for {n(1000,900000)} seconds.  Ignoring.",
 lambda: f"symptomsd[{n(100,300)}]: __73-[NetworkAnalyticsEngine observeValueForKeyPath:ofObject:change:context:]_block_invoke unexpected switch value {n(1,9)}",
 lambda: f"kernel[0]: AirPort: Link Down on awdl0. Reason {n(1,9)} (Disassociated because station leaving).",
 lambda: f"WeChat[{n(10000,30000)}]: jemmytest error domain=(null) code=0",
])
S["relational"] = (lambda: f"2026-10-{n(1,28):02} {tod()}.{n(0,999):03} UTC [{n(10,9000)}] {w('LOG','LOG','DEBUG1','INFO','NOTICE')}:  ", [
 lambda: f"checkpoint complete: wrote {n(1,9000)} buffers ({n(0,99)}.{n(0,9)}%); 0 WAL file(s) added, 0 errors",
 lambda: f"duration: {n(1,9000)}.{n(0,999):03} ms  statement: select * from errors where level = 'FATAL' limit {n(1,100)}",
 lambda: f"connection received: host={ip()} port={n(1024,65000)}",
 lambda: f"automatic vacuum of table \"shop.public.error_log\": index scans: {n(0,3)}",
 lambda: f"statement: raise notice 'ERROR: not really'",
])
S["document_store"] = (lambda: "", [
 lambda: '{"t":{"$date":"2026-10-0%dT%s.%03d+00:00"},"s":"%s","c":"%s","id":%d,"ctx":"conn%d","msg":"%s","attr":{"error":"none","errorCount":%d}}' % (n(1,9), tod(), n(0,999), w("I","I","D1","W"), w("NETWORK","STORAGE","COMMAND"), n(20000,60000), n(1,900), w("Connection accepted","Slow query","WiredTiger message","Client metadata","Index build: done, 0 errors"), n(0,9)),
])
S["services_json"] = (lambda: "", [
 lambda: '{"level":"%s","ts":%d.%d,"caller":"%s/handler.go:%d","msg":"%s","errors":%d}' % (w("info","debug","warn"), n(10**9,2*10**9), n(0,9999), w("errors","api","fatal"), n(1,400), w("error rate is fine","recovered from exception, going on","panic button pressed","failed over to replica"), n(0,3)),
 lambda: '{"severity":"%s","message":"%s","exceptionCount":%d,"stack":"prod"}' % (w("INFO","NOTICE","DEBUG"), w("no exception","ERROR budget left: 99 %","fatal: 0"), n(0,9)),
 lambda: '{"level":%d,"time":%d,"pid":%d,"hostname":"%s","msg":"%s","err":null}' % (w(10,20,30,40), n(10**12,2*10**12), n(1,9999), host(), w("error page served","stack depth 3","request completed")),
 lambda: '{"@timestamp":"2026-10-02T%sZ","log.level":"%s","message":"%s","ecs.version":"8.11"}' % (tod(), w("INFO","DEBUG","WARN"), w("error handler registered","0 failures")),
])
S["services_text"] = (lambda: f"2026-10-{n(1,28):02}T{tod()}.{n(0,999):03}Z ", [
 lambda: f"{w('INFO','DEBUG','TRACE')} [main] com.example.{cls()} - initialised with {n(1,9)} error handlers",
 lambda: f"{w('info','debug')}: {cls()} retried {n(1,9)} times, last error: none",
 lambda: f"level={w('info','debug','warn')} component={cls()} msg=\"error threshold {n(1,99)}%\" err=<nil> error=\"\"",
 lambda: f"INFO  {n(1,9)} --- [nio-8080-exec-{n(1,9)}] o.s.w.s.{cls()} : Mapped \"{{[/error]}}\" onto public org.springframework.http.ResponseEntity",
 lambda: f"[INFO] errors.go:{n(1,400)}: wrapped {n(1,9)} errors: false",
 lambda: f"INFO uvicorn.error Application startup complete.",
 lambda: f"INFO gunicorn.error: Booting worker with pid: {n(1,9999)}",
])
S["orchestrator"] = (lambda: f"{w('I','W')}10{n(10,28)} {tod()}.{n(0,999999):06} {n(1,99999):7} ", [
 lambda: f"reflector.go:{n(100,400)}] Listing and watching *v1.{w('Pod','Event')} from pkg/errors/informer.go:{n(1,200)}",
 lambda: f"operation_generator.go:{n(100,900)}] \"MountVolume.SetUp succeeded\" err=null pod=\"shop/web-{hx(5)}\"",
 lambda: f"trace.go:{n(100,300)}] Trace[{n(10**8,2*10**9)}]: \"List\" url:/api/v1/errors (started: 02-Oct-2026 {tod()}.{n(0,999)}) (total time: {n(500,900)}ms):",
 lambda: f"controller.go:{n(100,900)}] \"Error syncing, requeued\" retries={n(1,5)} fatal=false",
])
S["scheduler"] = (lambda: f"Oct {n(1,28):2} {tod()} {host()} ", [
 lambda: f"systemd[1]: {w('fwupd','error-report','crash-collector')}.service: Deactivated successfully.",
 lambda: f"CRON[{n(1000,90000)}]: ({user()}) CMD (/usr/bin/find /var/log -name 'error*' -mtime +{n(1,30)} -delete)",
 lambda: f"systemd[1]: Started Fatal Error Collector.",
 lambda: f"systemd-logind[{n(100,900)}]: Session {n(1,900)} logged out. Waiting for processes to exit.",
 lambda: f"slurmctld[{n(100,9000)}]: _slurm_rpc_submit_batch_job: JobId={n(1000,99999)} InitPrio={n(10**8,4*10**9)} usec={n(100,900)} error_code=0",
 lambda: f"dhclient[{n(100,9000)}]: DHCPACK of {ip()} from {ip()} (xid=0x{hx(8)})",
 lambda: f"postfix/smtp[{n(100,9000)}]: {HX(10)}: to=<{user()}@example.net>, relay=none, delay={n(1,99)}, status=deferred (connect to {host()}.example.net[{ip()}]:25: Connection timed out)",
 lambda: f"rsyslogd: action 'action-{n(1,9)}-builtin:omfile' resumed (module 'builtin:omfile') [v8.2302.0 try https://www.example.net/e/2359 ]",
])
S["builds"] = (lambda: "", [
 lambda: f"   Compiling thiserror v1.0.{n(1,69)}",
 lambda: f"[{n(1,900)}/{n(900,999)}] Building CXX object src/CMakeFiles/errors.dir/error_{n(1,9)}.cc.o",
 lambda: f"test errors::tests::case_{n(1,99)}_panics ... ok",
 lambda: f"test result: ok. {n(1,900)} passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in {n(0,9)}.{n(0,99):02}s",
 lambda: f"ok  \tgithub.com/example/errors\t{n(0,9)}.{n(0,999):03}s",
 lambda: f"[INFO] Tests run: {n(1,99)}, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: {n(0,9)}.{n(0,999)} s -- in com.example.{cls()}Test",
 lambda: f"added {n(1,900)} packages, and audited {n(1,900)} packages in {n(1,90)}s, found 0 vulnerabilities, 0 errors",
 lambda: f"{n(1,900)} passed, {n(0,9)} skipped, 0 errors in {n(1,90)}.{n(0,99):02}s",
 lambda: f"warning: unused variable: `error_{n(1,9)}`",
 lambda: f"  --> src/error.rs:{n(1,400)}:{n(1,80)}",
 lambda: f"✓ rejects with an Error when the stack is empty ({n(1,90)} ms)",
])
total = 0
for name, (front, forms) in S.items():
    lines = [front() + r.choice(forms)() for _ in range(150)]
    (out / f"{name}.txt").write_text("\n".join(lines) + "\n"); total += len(lines)
print(len(S), total)
