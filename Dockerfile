FROM python:3.13-slim
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOOKLOOP_LOG_FORMAT=json
WORKDIR /app
COPY requirements.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY shared shared
COPY sender sender
COPY receiver receiver
RUN useradd --system --uid 10001 hookloop && mkdir /data && chown hookloop /data
USER hookloop
ENV HOOKLOOP_DATA=/data
VOLUME /data
