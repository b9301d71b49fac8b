list(APPEND RUNTIME_SOURCES
  net/dialer.cc
  net/http_client.cc
  net/http_message.cc
  net/http_response_writer.cc
  net/http_server.cc
  net/http_server_conn.cc
  net/internal/address.cc
  net/internal/body_decoder.cc
  net/internal/buffered_conn.cc
  net/internal/fd_conn.cc
  net/internal/gzip.cc
  net/internal/server_engine.cc
  net/internal/sys.cc
  net/pipe.cc
  net/tcp.cc
  net/tls.cc
  net/tls_conn.cc
  net/transport.cc)
list(APPEND RUNTIME_PRIVATE_LIBS PkgConfig::cpp-httplib OpenSSL::SSL OpenSSL::Crypto ZLIB::ZLIB)
