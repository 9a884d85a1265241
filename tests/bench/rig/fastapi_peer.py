"""What services of this kind usually are: FastAPI with SQLAlchemy on SQLite, one look-up, one update and one audit row a request."""

import hashlib
import sys
import time
from datetime import datetime

import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from sqlalchemy import Column, DateTime, Integer, String, create_engine, event
from sqlalchemy.orm import Session, declarative_base, sessionmaker
from sqlalchemy.pool import QueuePool

port, database, keys_file = int(sys.argv[1]), sys.argv[2], sys.argv[3]
engine = create_engine(f"sqlite:///{database}", connect_args={"check_same_thread": False}, poolclass=QueuePool, pool_size=40)
Base = declarative_base()
Sessions = sessionmaker(bind=engine)


@event.listens_for(engine, "connect")
def on_connect(connection, _record):
    connection.execute("pragma journal_mode=wal")
    connection.execute("pragma synchronous=normal")


class Key(Base):
    __tablename__ = "keys"
    id = Column(Integer, primary_key=True)
    hash = Column(String, unique=True, index=True)
    permissions = Column(String)
    expires_at = Column(DateTime)
    last_used_at = Column(DateTime)
    uses = Column(Integer, default=0)


class Audit(Base):
    __tablename__ = "audit"
    id = Column(Integer, primary_key=True)
    key_id = Column(Integer)
    at = Column(DateTime)
    address = Column(String)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


Base.metadata.create_all(engine)
with Sessions() as session, open(keys_file) as lines:
    session.add_all(
        Key(hash=sha256(line.strip()), permissions="read", expires_at=datetime(2100, 1, 1)) for line in lines if line.strip()
    )
    session.commit()

app = FastAPI()
recent: dict = {}


def open_session():
    with Sessions() as session:
        yield session


@app.get("/verify")
def verify(request: Request, x_api_key: str = Header(None), session: Session = Depends(open_session)):
    key = session.query(Key).filter(Key.hash == sha256(x_api_key or "")).first()
    now = datetime.utcnow()
    if key is None or key.expires_at < now or "read" not in key.permissions.split(","):
        raise HTTPException(status_code=401, detail="Invalid API Key")
    moment = time.monotonic()
    times = [each for each in recent.get(key.id, []) if each > moment - 1]
    if len(times) >= 100_000:
        raise HTTPException(status_code=429, detail="Rate limit exceeded")
    recent[key.id] = times + [moment]
    key.last_used_at, key.uses = now, key.uses + 1
    session.add(Audit(key_id=key.id, at=now, address=request.client.host))
    session.commit()
    return {"valid": True, "keyId": key.id}


uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)
