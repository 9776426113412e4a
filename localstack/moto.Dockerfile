# moto at the version that the contract suite knows; the context is test/contract.
FROM python:3.13-slim
WORKDIR /moto
COPY moto.txt ./
RUN pip install --no-cache-dir --no-deps --require-hashes --requirement moto.txt
USER nobody
