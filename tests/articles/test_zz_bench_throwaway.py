"""Throwaway: times the desk on a big database. Run through pytest for the test database."""
import random, time, pytest
from datetime import timedelta
from django.db import connection
from django.utils import timezone
from articles import health, missing
from articles.models import *
from irb_site.uids import new_uid
pytestmark = pytest.mark.django_db
N=20000
def test_bench():
    random.seed(3); now=timezone.now()
    arts=[Article(kind="article",state="draft",touched_at=now,title=f"Art {i} about things",slug=f"art-{i}",body="x "*1500,first_published_at=now-timedelta(hours=i),updated_at=now) for i in range(N)]
    for i in range(0,N,2000): Article.objects.bulk_create(arts[i:i+2000])
    arts=list(Article.objects.only("pk","uid").order_by("pk"))
    for i in range(0,N,2000):
        revs=[Revision(article=a,number=1,title="T",created_at=now,saved_at=now,body="y "*1500) for a in arts[i:i+2000]]
        Revision.objects.bulk_create(revs)
    with connection.cursor() as c:
        c.execute("UPDATE articles_article SET live_revision_id=(SELECT id FROM articles_revision r WHERE r.article_id=articles_article.id), latest_revision_id=(SELECT id FROM articles_revision r WHERE r.article_id=articles_article.id)")
        c.execute("UPDATE articles_article SET state='live' WHERE state='draft'")
    away=arts[100:150]; drafts=arts[150:200]
    Article.objects.filter(pk__in=[a.pk for a in away]).update(state="withdrawn")
    Article.objects.filter(pk__in=[a.pk for a in drafts]).update(state="draft")
    live=[a for i,a in enumerate(arts) if not 100<=i<200]
    secs=[Section(article=a,anchor=f"s-{k}",heading=f"Heading {k}",level=2,position=k,state="live",words=" heading ") for a in arts for k in range(5)]
    Section.objects.bulk_create(secs,batch_size=5000)
    for k in range(30):
        Forward.objects.create(article=away[k],target_article=live[k])
    import os
    mode=os.environ.get("MODE","normal")
    refs=[]
    for n,a in enumerate(live):
        for p in range(10):
            t=random.choice(live) if p else live[(n+1)%len(live)]
            if random.random()<0.001: t=random.choice(away+drafts)
            uid=t.uid; pk=t.pk
            if random.random()<(0.0005 if mode=="normal" else 0.5): uid,pk=new_uid(),None
            sec=f"s-{random.randrange(5)}" if random.random()<.3 else ""
            if sec and random.random()<.001: sec="s-gone"
            refs.append(Reference(source_id=a.pk,set="live",kind="inline",position=p,words="w",sentence="A sentence of some length, "*6,target_kind="article",target_uid=uid,section=sec,target_article_id=pk,published_at=now))
        if len(refs)>5000: Reference.objects.bulk_create(refs); refs=[]
    Reference.objects.bulk_create(refs)
    MissingPath.objects.bulk_create([MissingPath(path=f"/articles/arx-{i}/" if i%2 else f"/old/art-{i}.html/",hits=i,first_seen_at=now,last_seen_at=now) for i in range(2000)])
    Name.objects.bulk_create([Name(article=a,name=f"Art {i} about things",words=f" art {i} about things ",head=f"art {i} about") for i,a in enumerate(arts)],batch_size=5000)
    for i in range(300): health.snooze("orphan",arts[i].uid,reason="r",period="good",by=None)
    with connection.cursor() as c: c.execute("ANALYZE")
    for _ in range(2):
        print()
        for kind in health.Kind:
            t=time.perf_counter(); n=health._rows(kind,now).order_by()[:1001].count(); t1=time.perf_counter(); f,_m=health.findings(kind); t2=time.perf_counter()
            print(f"{kind:10} count {n} {1000*(t1-t):.0f} ms; list {len(f)} {1000*(t2-t1):.0f} ms")
