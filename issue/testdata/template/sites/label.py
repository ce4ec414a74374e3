"""Labels lines by call site or by format string; see README.md beside it."""
import re,sys,collections,subprocess,os
# Where NAME.sites lie (call site, tab, line) and the format strings; where the labelled lines go.
D = os.environ.get('SITES', './')
OUT = os.path.dirname(os.path.abspath(__file__)) + '/'
def rx(fmt):
    if fmt.startswith('re:'): return re.compile(fmt[3:]),len(fmt)
    parts=fmt.split('{}'); return re.compile('.*?'.join(map(re.escape,parts))+r'\Z',re.S),sum(map(len,parts))
def prx(fmt):
    parts=re.split(r'%[-+ #0]*[0-9.*]*(?:hh|h|ll|l|z|j|t|L)?[diouxXeEfgGcspvqtTU]',fmt.replace('%%','\0')); return re.compile('.*?'.join(re.escape(p.replace('\0','%')) for p in parts)+r'\Z',re.S),sum(map(len,parts))
def binary(path):
    out=subprocess.run(['strings','-n','4',path],capture_output=True,text=True).stdout.split('\n')
    return [(f,)+prx(f) for f in dict.fromkeys(x.rstrip('\n') for x in out) if len(re.sub(r'%\S|\W','',f))>=9]
def formats(n):
    p=OUT+n+'.formats'
    return [(f,)+rx(f) for f in open(p).read().split('\n') if f] if os.path.exists(p) else []
PHRASE=('FutureUtils.java','LogSegment.java:80','HttpHandler$1 onError','WrappedStreamObserver onError','dbus/bus.cc:405','Utils createByteBufAllocator','error resolving %s')
def phrase(m):
    m=re.sub(r'EntityRef\{.*','{}',m)
    return re.sub(r"^\[[^\]]*\] ?|\"[^\"]*\"|/\S*/\S*|\(projects\S*\S|\b\w*\d\w*(/\w+)?",'{}',m)
MERGE={'dispatcher.cc:682':'dispatcher.cc:487','signal_filter_processor.cc:61':'signal_filter_processor.cc:54','policy_provider.cc:578':'policy_provider.cc:487','lock_manager.cc:318':'lock_manager.cc:262','MultiThreadedEventProcessor.java:176':'ShutdownableThread.java:133','CONSOLE:1':'CONSOLE:2','NameResolverRegistry getDefaultRegistry':'LoadBalancerRegistry getDefaultRegistry'}
DROP={'chromium':['webrtc_logging.cc:35','media_stream_manager.cc:1559']}
# One argument is all that is printed here: the text is another program's and has no format string.
PASSED=('zapgrpc/zapgrpc.go:176',)
CAP={'issuetracker':150,'kafka':30,'firestore':60,'rabbitmq':80,'kafka-clients':30,'activemq':30}
def clean(m):
    return m.replace(os.environ.get('LOGS', '/var/tmp/logs'), '/srv')
from gofmt import fmt as gofmt
GO=('etcd','kube-apiserver','kubelet','kube-controller-manager')
def main(n):
    fm=formats(n); 
    if n=='redis': fm+=binary('/usr/bin/redis-server')
    rows=[];text={}
    left=collections.Counter(); passed=0
    for l in open(D+n+'.sites',errors='replace'):
        s,m=l.rstrip('\n').split('\t',1); m=clean(m.replace('\t',' ').strip())
        if len(m)>500 or not m or any(d in s for d in DROP.get(n,[])) : continue
        if n=='containerd' and m.startswith('msg="time='): continue
        if s in PASSED: passed+=1; continue
        lab=None
        if s=='?' or '.scala:' in s:
            c=[(k,f) for f,r,k in fm if r.match(m)]
            if c: lab=max(c)[1]
            elif n=='containerd': lab=re.match(r'msg=("(?:[^"\\]|\\.)*"|\S+)',m).group(1)
            elif s!='?': lab=s+' '+m          # constant text behind a wrapper
            else: left[re.sub(r'\d+','N',m)[:100]]+=1; continue
        elif n in GO:
            q=re.match(r'"((?:[^"\\]|\\.)*)"(?= \S+=|$)',m) if n!='etcd' else None
            if q:
                f=gofmt(s); lab=f if f and '%' in f and prx(f)[0].match(q.group(1)) else re.sub(r'\*v1\.\w+|\\".*?\\"','{}',q.group(1))
            else:
                f=gofmt(s); c=[(k,f2) for f2,r,k in fm if r.match(m)]
                lab=max(c)[1] if c else f if f and '\t' not in f and '\n' not in f and prx(f)[0].match(m) else s
        elif n=='firestore' and s.split(' ')[1] in ('<clinit>','loadTraceComponent','loadTagsComponent','loadStatsComponent') : lab=s+' '+m.split(': ')[0]
        else: lab=s
        if any(p in lab for p in PHRASE): lab+=' '+phrase(m)
        for a,b in MERGE.items():
            if lab.endswith(a): lab=lab[:-len(a)]+b
        if lab=='Http2FrameLogger logHeaders' and 'streamDependency=' in m: lab+=' of a stream with dependencies'
        if lab.startswith('CONSOLE'): lab='CONSOLE'
        lab=re.sub(r'MultiThreadedEventProcessor.java:176|.*ShutdownableThread.java:133','ShutdownableThread.java:133',lab)
        lab=lab.replace('third_party/','').strip(); rows.append((lab,m))
    # the same text from two sites is one format string
    par={}
    def find(x):
        while par.get(x,x)!=x: x=par[x]
        return x
    seen={}
    for lab,m in rows:
        if m in seen and find(seen[m])!=find(lab): par[find(lab)]=find(seen[m])
        seen.setdefault(m,lab)
    # The same constant text behind a prefix in brackets, which the logger puts there, is one format string.
    texts=collections.defaultdict(set)
    for lab,m in rows: texts[find(lab)].add(re.sub(r'^\[[^\]]*\]:? ?','',m))
    one={}
    for lab,t in texts.items():
        t=next(iter(t)) if len(t)==1 else None
        if t and t in one: par[find(lab)]=find(one[t])
        elif t: one[t]=lab
    by=collections.OrderedDict()
    for i,(lab,m) in enumerate(rows): by.setdefault(find(lab),[]).append((i,m))
    cap=CAP.get(n,40); keep=[]
    for lab,ms in by.items():
        uniq=list(dict.fromkeys(m for _,m in ms)); 
        pick=ms if len(ms)<=cap else [ms[int(k*len(ms)/cap)] for k in range(cap)]
        keep+=[(i,lab,m) for i,m in pick]
    keep.sort(); os.makedirs(OUT,exist_ok=True)
    with open(OUT+n+'.tsv','w') as f:
        for i,lab,m in keep: f.write(f'{lab}\t{m}\n')
    print(n,'lines',len(keep),'labels',len(by),'left out',sum(left.values()),'passed on',passed)
for n in sys.argv[1:]: main(n)
