// Workload: any request is answered with one fixed body, through http::Server and nothing else. The
// floor that the product's reads are compared with: what the HTTP layer itself costs.
//   bench_bare_http --port 9000 --bytes 2048 --threads 1

#include <CLI/CLI.hpp>
#include <boost/asio/awaitable.hpp>
#include <csignal>
#include <cstdio>
#include <string>

#include "http/server.h"

int main(int argc, char** argv) {
  using lightbox::http::Request;
  using lightbox::http::Response;
  lightbox::http::ServerOptions options;
  options.port = 9000;
  options.threads = 1;
  std::size_t bytes = 2048;
  CLI::App app("The HTTP layer without the store");
  app.add_option("--port", options.port);
  app.add_option("--bytes", bytes);
  app.add_option("--threads", options.threads);
  CLI11_PARSE(app, argc, argv);

  // Before the threads start, so that they inherit the mask and sigwait has the signals.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const std::string body(bytes, 'x');
  auto handler = [&body](const Request&) -> boost::asio::awaitable<Response> {
    Response response;
    response.fields.emplace_back("Content-Type", "application/fhir+json");
    response.body = body;
    co_return response;
  };
  auto problem_response = [](const lightbox::Problem& problem, const lightbox::http::Request*) {
    return Response{500, {}, problem.issues.front().diagnostics};
  };
  auto server = lightbox::http::Server::listen(options, handler, problem_response);
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().issues.front().diagnostics.c_str());
    return 1;
  }
  (*server)->start();
  std::printf("listening on %s port %u\n", options.address.c_str(), (*server)->port());
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
  (*server)->stop(1000);
  return 0;
}
