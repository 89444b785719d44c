// Against a source that is a server of this process.

#include "pacs/pass_through.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <list>
#include <stdexcept>
#include <thread>

#include "base/log.h"
#include "http/response_body.h"
#include "http/server.h"
#include "http/status.h"
#include "pacs/http_client.h"

namespace lightbox::pacs {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* own_base = "https://own/dicomweb";

asio::awaitable<void> pause_for(milliseconds time) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, time);
  const auto token = asio::use_awaitable;
  co_await timer.async_wait(token);
}

// Bytes that differ from place to place.
std::string pattern(std::size_t from, std::size_t count) {
  std::string bytes(count, '\0');
  for (std::size_t i = 0; i < count; ++i)
    bytes[i] = static_cast<char>((from + i) * 2654435761U >> 13U);
  return bytes;
}

std::unique_ptr<http::Server> serve(http::Handler handler) {
  set_log_level(LogLevel::off);
  http::ServerOptions options;
  options.port = 0;
  options.threads = 1;
  auto server = http::Server::listen(
      options, std::move(handler), [](const Problem& problem, const http::Request*) {
        return http::Response{.status = http::status_of(problem.kind),
                              .fields = {},
                              .body = problem.issues[0].diagnostics};
      });
  if (!server) throw std::runtime_error(server.error().issues[0].diagnostics);
  (*server)->start();
  return std::move(*server);
}

struct Counts {
  std::atomic<std::size_t> bytes_given = 0;
  std::atomic<int> bodies_gone = 0;
  std::atomic<int> at_once = 0;
  std::atomic<int> at_once_most = 0;
};

class PatternBody final : public http::ResponseBody {
 public:
  enum class Option : std::uint8_t { none, chunked, fail };
  PatternBody(std::size_t bytes, Option option, Counts& counts)
      : bytes_(bytes), option_(option), counts_(counts) {}
  ~PatternBody() override { ++counts_.bodies_gone; }
  [[nodiscard]] std::optional<std::uint64_t> size() const override {
    return option_ == Option::chunked ? std::nullopt : std::optional<std::uint64_t>(bytes_);
  }
  asio::awaitable<Result<Piece>> next() override {
    if (option_ == Option::fail && at_ >= bytes_ / 2) {
      co_return problem(ProblemKind::internal, "as asked for");
    }
    piece_ = pattern(at_, std::min<std::size_t>(bytes_ - at_, 50'001));
    at_ += piece_.size();
    counts_.bytes_given += piece_.size();
    co_return Piece{.bytes = piece_};
  }

 private:
  std::size_t bytes_;
  Option option_;
  Counts& counts_;
  std::size_t at_ = 0;
  std::string piece_;
};

// Answers by the path below /dicom-web:
//   /fields     the request's fields and query, one a line
//   /bytes?N, /chunked?N, /fail?N    N bytes of pattern()
//   /status?N   "because of" it, with a line feed; of 416 a Content-Range, of 206 three bytes
//   /json?N     a URL of its own, so many times; /location one in Content-Location
//   /wait?N     after so many milliseconds
class Source {
 public:
  Source() : server_(serve([this](const http::Request& request) { return answer(request); })) {}

  [[nodiscard]] std::string url() const {
    return fmt::format("http://127.0.0.1:{}/dicom-web", server_->port());
  }
  [[nodiscard]] SourceOptions options() const {
    return {.name = "main",
            .access = DicomwebAccess{.qido_url = url(),
                                     .wado_url = url(),
                                     .headers = {"X-Tenant: a"},
                                     .token = "secret",
                                     .certificate_file = {},
                                     .key_file = {},
                                     .ca_file = {}},
            .patient_system = {},
            .time_zone = {},
            .hours = {},
            .image_requests_per_second = 10'000};
  }
  Counts counts;

 private:
  asio::awaitable<http::Response> answer(const http::Request& request) {
    http::Response response{
        .status = 200,
        .fields = {{"Content-Type", "application/octet-stream"}, {"Set-Cookie", "a=b"}},
        .body = {}};
    const std::string what = request.path.substr(std::string_view("/dicom-web").size());
    const std::size_t number =
        what == "/fields" || request.query.empty() ? 0 : std::stoul(request.query);
    using Option = PatternBody::Option;
    const auto stream = [&](Option option) {
      response.stream = std::make_shared<PatternBody>(number, option, counts);
    };
    if (what == "/fields") {
      for (const auto& [name, value] : request.fields) {
        response.body += fmt::format("{}: {}\n", name, value);
      }
      response.body += "?" + request.query;
    } else if (what == "/bytes") {
      stream(Option::none);
    } else if (what == "/chunked") {
      stream(Option::chunked);
    } else if (what == "/fail") {
      stream(Option::fail);
    } else if (what == "/status") {
      response.status = static_cast<int>(number);
      response.body = number == 206 ? "abc" : "because\nof it";
      if (number == 416) response.fields.emplace_back("Content-Range", "bytes */10");
      if (number == 206) response.fields.emplace_back("Content-Range", "bytes 0-2/10");
    } else if (what == "/json") {
      response.fields[0].second = "application/dicom+json";
      for (std::size_t i = 0; i < number; ++i) {
        response.body += fmt::format("\"{}/studies/{}\",", url(), i);
      }
    } else if (what == "/location") {
      response.fields.emplace_back("Content-Location", url() + "/studies/1");
    } else if (what == "/wait") {
      const int now = ++counts.at_once;
      counts.at_once_most = std::max<int>(counts.at_once_most, now);
      auto pause = pause_for(milliseconds(number));
      co_await std::move(pause);
      --counts.at_once;
    }
    co_return response;
  }

  std::unique_ptr<http::Server> server_;
};

// What a client has got.
struct Answer {
  Result<http::Response> response = problem(ProblemKind::internal, "nothing yet");
  std::string body = {};
  std::size_t largest_piece = 0;
  std::optional<Problem> broken = std::nullopt;

  [[nodiscard]] std::string field(std::string_view name) const {
    for (const auto& [field_name, value] : response->fields) {
      if (field_name == name) return value;
    }
    return {};
  }
  [[nodiscard]] std::string diagnostics() const { return response.error().issues[0].diagnostics; }
};

asio::awaitable<void> read_body(Answer& answer) {
  while (true) {
    auto next = answer.response->stream->next();
    auto piece = co_await std::move(next);
    if (!piece) {
      answer.broken = piece.error();
      co_return;
    }
    if (piece->is_end()) co_return;
    answer.body += piece->bytes;
    answer.largest_piece = std::max(answer.largest_piece, piece->bytes.size());
  }
}

asio::awaitable<void> get(PassThrough& pass, http::Request request, Answer& answer) {
  auto retrieving = pass.retrieve(request, request.path, own_base);
  answer.response = co_await std::move(retrieving);
  if (!answer.response) co_return;
  answer.body = answer.response->body;
  if (!answer.response->stream) co_return;
  auto reading = read_body(answer);
  co_await std::move(reading);
}

http::Request request_of(std::string_view target) {
  http::Request request;
  request.path = target.substr(0, target.find('?'));
  if (target.find('?') != target.npos) request.query = target.substr(target.find('?') + 1);
  return request;
}

// They go at the very end: who has posted the last work to one may not have returned from that.
asio::io_context& make_context() {
  static std::list<asio::io_context> all;
  return all.emplace_back();
}

void run(asio::awaitable<void> work) {
  asio::io_context& context = make_context();
  asio::co_spawn(context, std::move(work), [&](const std::exception_ptr& failure) {
    if (failure) std::rethrow_exception(failure);
    context.stop();  // libcurl's timers go on
  });
  context.run();
}

Answer ask(PassThrough& pass, const http::Request& request) {
  Answer answer;
  run(get(pass, request, answer));
  return answer;
}

Answer ask(PassThrough& pass, std::string_view target) { return ask(pass, request_of(target)); }

template <typename Condition>
bool comes_true(Condition condition) {
  for (int i = 0; i < 4'000 && !condition(); ++i) std::this_thread::sleep_for(milliseconds(5));
  return condition();
}

TEST(PassThrough, TheSourcesAnswerIsHandedOn) {
  const Source source;
  PassThrough pass(source.options());
  const Answer answer = ask(pass, "/bytes?1000");
  ASSERT_TRUE(answer.response) << answer.diagnostics();
  EXPECT_EQ(answer.response->status, 200);
  EXPECT_EQ(answer.field("Content-Type"), "application/octet-stream");
  EXPECT_EQ(answer.field("Cache-Control"), "no-cache");
  EXPECT_EQ(answer.field("Set-Cookie"), "");
  EXPECT_EQ(answer.body, pattern(0, 1000));
  EXPECT_EQ(ask(pass, "/location").field("Content-Location"), "https://own/dicomweb/studies/1");
  const Answer empty = ask(pass, "/bytes?0");
  ASSERT_TRUE(empty.response);
  EXPECT_EQ(empty.body, "");
  const Answer part = ask(pass, "/status?206");
  EXPECT_EQ(part.response->status, 206);
  EXPECT_EQ(part.field("Content-Range"), "bytes 0-2/10");
  EXPECT_EQ(part.body, "abc");
}

TEST(PassThrough, TheSourceIsToldNoMoreThanItNeeds) {
  const Source source;
  PassThrough pass(source.options());
  http::Request request = request_of("/fields?a=%20b");
  request.fields = {{"Accept", "a/b; q=1"},    {"Cookie", "private"}, {"Range", "bytes=0-1"},
                    {"Authorization", "mine"}, {"accept", "c/d"},     {"Host", "own"}};
  const std::string told = ask(pass, request).body;
  EXPECT_THAT(told, AllOf(HasSubstr("Accept: a/b; q=1, c/d\n"), HasSubstr("Range: bytes=0-1\n"),
                          HasSubstr("Authorization: Bearer secret\n"), HasSubstr("X-Tenant: a\n"),
                          HasSubstr("?a=%20b")));
  EXPECT_THAT(told,
              AllOf(Not(HasSubstr("private")), Not(HasSubstr("mine")), Not(HasSubstr("own"))));
  EXPECT_THAT(ask(pass, "/fields").body, HasSubstr("Accept: */*\n"));
}

TEST(PassThrough, LongBodiesAreHeldInPart) {
  constexpr std::size_t bytes = 20'000'000;
  for (const char* path : {"/bytes", "/chunked"}) {
    const Source source;
    PassThrough pass(source.options());
    Answer answer;
    std::size_t given_meanwhile = 0;
    const auto read_slowly = [&]() -> asio::awaitable<void> {
      const http::Request request = request_of(fmt::format("{}?{}", path, bytes));
      auto retrieving = pass.retrieve(request, request.path, own_base);
      answer.response = co_await std::move(retrieving);
      auto pause = pause_for(milliseconds(500));
      co_await std::move(pause);
      given_meanwhile = source.counts.bytes_given;
      auto reading = read_body(answer);
      co_await std::move(reading);
    };
    run(read_slowly());
    ASSERT_TRUE(answer.response) << answer.diagnostics();
    const bool is_chunked = std::string_view(path) == "/chunked";
    EXPECT_EQ(answer.response->stream->size(),
              is_chunked ? std::nullopt : std::optional<std::uint64_t>(bytes));
    // What is not here is in the kernel's buffers.
    EXPECT_LT(given_meanwhile, bytes / 4 * 3);
    EXPECT_LE(answer.largest_piece, 256U * 1024);
    EXPECT_TRUE(answer.body == pattern(0, bytes)) << path << " " << answer.body.size();
    EXPECT_FALSE(answer.broken);
  }
}

TEST(PassThrough, TextHasOurUrls) {
  const Source source;
  PassThrough pass(source.options());
  for (const int count : {1, 20'000}) {
    const Answer answer = ask(pass, fmt::format("/json?{}", count));
    ASSERT_TRUE(answer.response) << answer.diagnostics();
    std::string expected;
    for (int i = 0; i < count; ++i) {
      expected += fmt::format("\"https://own/dicomweb/studies/{}\",", i);
    }
    EXPECT_TRUE(answer.body == expected) << count;
    if (answer.response->stream) {
      EXPECT_EQ(answer.response->stream->size(), std::nullopt);
    }
  }
}

TEST(PassThrough, RefusalsAreExplained) {
  const Source source;
  PassThrough pass(source.options());
  const std::vector<std::pair<int, ProblemKind>> cases = {
      {400, ProblemKind::invalid},       {401, ProblemKind::unavailable},
      {403, ProblemKind::unavailable},   {404, ProblemKind::not_found},
      {410, ProblemKind::not_found},     {406, ProblemKind::not_acceptable},
      {429, ProblemKind::throttled},     {500, ProblemKind::unavailable},
      {501, ProblemKind::not_supported}, {503, ProblemKind::unavailable},
      {302, ProblemKind::unavailable},
  };
  for (const auto& [status, kind] : cases) {
    const Answer answer = ask(pass, fmt::format("/status?{}", status));
    ASSERT_FALSE(answer.response) << status;
    EXPECT_EQ(answer.response.error().kind, kind) << status;
    EXPECT_THAT(answer.diagnostics(),
                AllOf(HasSubstr("source 'main'"),
                      HasSubstr(fmt::format("it answered {}: because of it", status))));
  }
  EXPECT_EQ(ask(pass, "/status?204").response.error().kind, ProblemKind::not_found);
  const Answer unsatisfiable = ask(pass, "/status?416");
  ASSERT_TRUE(unsatisfiable.response);
  EXPECT_EQ(unsatisfiable.response->status, 416);
  EXPECT_EQ(unsatisfiable.field("Content-Range"), "bytes */10");
}

TEST(PassThrough, ASourceThatIsNotThere) {
  SourceOptions options;
  {
    const Source source;
    options = source.options();
  }
  PassThrough pass(options);
  const Answer answer = ask(pass, "/bytes?1");
  ASSERT_FALSE(answer.response);
  EXPECT_EQ(answer.response.error().kind, ProblemKind::unavailable);
  EXPECT_THAT(answer.diagnostics(), HasSubstr("source 'main' does not answer"));
}

TEST(PassThrough, ASourceThatIsSilent) {
  const Source source;
  SourceOptions options = source.options();
  options.timeout_ms = 1'000;
  options.image_connections_max = 1;
  PassThrough pass(options);
  Answer first;
  Answer second;  // and has waited as long
  asio::io_context& context = make_context();
  asio::co_spawn(context, get(pass, request_of("/wait?6000"), first), asio::detached);
  asio::co_spawn(context, get(pass, request_of("/wait?6000"), second), asio::detached);
  const auto begin = std::chrono::steady_clock::now();
  context.run();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(5'000));
  ASSERT_FALSE(first.response);
  ASSERT_FALSE(second.response);
  EXPECT_EQ(first.response.error().kind, ProblemKind::unavailable);
  EXPECT_THAT(second.diagnostics(), HasSubstr("no free connection"));
}

TEST(PassThrough, ABodyThatBreaksOffIsSeenToDoSo) {
  const Source source;
  PassThrough pass(source.options());
  const Answer answer = ask(pass, "/fail?4000000");
  ASSERT_TRUE(answer.response) << answer.diagnostics();
  ASSERT_TRUE(answer.broken);
  EXPECT_EQ(answer.broken->kind, ProblemKind::unavailable);
  EXPECT_THAT(answer.broken->issues[0].diagnostics, HasSubstr("source 'main' has broken off"));
  EXPECT_LT(answer.body.size(), 4'000'000U);
  // Before there is anything of it, the client gets the reason.
  EXPECT_THAT(ask(pass, "/fail?1").diagnostics(), HasSubstr("source 'main' does not answer"));
}

TEST(PassThrough, AClientThatGoesAwayEndsTheRequest) {
  Source source;
  PassThrough pass(source.options());
  const auto read_little = [&]() -> asio::awaitable<void> {
    const http::Request request = request_of("/bytes?100000000");
    auto retrieving = pass.retrieve(request, request.path, own_base);
    const auto response = co_await std::move(retrieving);
    auto next = response->stream->next();
    const auto piece = co_await std::move(next);
    EXPECT_FALSE(piece->is_end());
  };
  run(read_little());
  EXPECT_TRUE(comes_true([&] { return source.counts.bodies_gone == 1; }));
  EXPECT_EQ(ask(pass, "/bytes?10").body, pattern(0, 10));
}

TEST(PassThrough, SoManyAtOnceAndTheOthersInTurn) {
  Source source;
  SourceOptions options = source.options();
  options.image_connections_max = 3;
  PassThrough pass(options);
  constexpr int count = 30;
  std::vector<Answer> waits(count);
  std::vector<Answer> bodies(count);
  // Two threads, each with its own context, as a server has them.
  asio::io_context& one = make_context();
  asio::io_context& another = make_context();
  for (std::size_t i = 0; i < count; ++i) {
    asio::co_spawn(i % 3 == 0 ? one : another, get(pass, request_of("/wait?5"), waits[i]),
                   asio::detached);
    asio::co_spawn(i % 2 == 0 ? one : another,
                   get(pass, request_of(fmt::format("/bytes?{}", i * 30'000)), bodies[i]),
                   asio::detached);
  }
  std::thread other([&] { one.run(); });
  another.run();
  other.join();
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_TRUE(waits[i].response) << i;
    EXPECT_TRUE(bodies[i].body == pattern(0, i * 30'000)) << i;
  }
  EXPECT_LE(source.counts.at_once_most, 3);
}

TEST(PassThrough, SoManyInASecond) {
  const Source source;
  SourceOptions options = source.options();
  options.image_requests_per_second = 10;
  PassThrough pass(options);
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 11; ++i) EXPECT_TRUE(ask(pass, "/bytes?1").response);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(995));
}

TEST(PassThrough, TheEndEndsAllAndTooManyAreRefused) {
  const Source source;
  SourceOptions options = source.options();
  options.image_connections_max = 1;
  auto pass = std::make_unique<PassThrough>(options);
  std::vector<Answer> answers(Transfers::waiting_max + 10);
  asio::io_context& context = make_context();
  for (Answer& answer : answers) {
    asio::co_spawn(context, get(*pass, request_of("/wait?20000"), answer), asio::detached);
  }
  std::atomic<bool> have_all_begun = false;
  asio::post(context, [&] { have_all_begun = true; });
  std::thread waiting([&] { context.run(); });
  // What is refused is answered at once; what waits, by the end.
  EXPECT_TRUE(comes_true([&] { return have_all_begun && source.counts.at_once == 1; }));
  pass.reset();
  waiting.join();
  std::size_t throttled = 0;
  for (const Answer& answer : answers) {
    ASSERT_FALSE(answer.response);
    if (answer.response.error().kind == ProblemKind::throttled) {
      ++throttled;
    } else {
      EXPECT_THAT(answer.diagnostics(), HasSubstr("this server is stopping"));
    }
  }
  EXPECT_GE(throttled, 9U);
  EXPECT_LE(throttled, 10U);
}

TEST(PassThrough, ABodyOutlivesIt) {
  const Source source;
  auto pass = std::make_unique<PassThrough>(source.options());
  Answer answer;
  const auto read_on = [&]() -> asio::awaitable<void> {
    const http::Request request = request_of("/bytes?100000000");
    auto retrieving = pass->retrieve(request, request.path, own_base);
    answer.response = co_await std::move(retrieving);
    pass.reset();
    auto reading = read_body(answer);
    co_await std::move(reading);
  };
  run(read_on());
  EXPECT_TRUE(answer.broken);
}

TEST(PassThrough, ACancelledClientDoesNotWait) {
  Source source;
  PassThrough pass(source.options());
  Answer answer;
  asio::io_context& context = make_context();
  asio::cancellation_signal cancel;
  const auto done = [](const std::exception_ptr&) {};
  asio::co_spawn(context, get(pass, request_of("/wait?20000"), answer),
                 asio::bind_cancellation_slot(cancel.slot(), done));
  asio::steady_timer timer(context, milliseconds(100));
  timer.async_wait(
      [&](const boost::system::error_code&) { cancel.emit(asio::cancellation_type::terminal); });
  const auto begin = std::chrono::steady_clock::now();
  context.run();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(10'000));
}

class Bytes final : public HttpBody {
 public:
  Result<void> begin(const HttpHead& head) override {
    head_ = head;
    return {};
  }
  Result<void> take(std::string_view bytes) override {
    text += bytes;
    return {};
  }
  std::string text;
  HttpHead head_;
};

// From the source by this server to a client.
TEST(PassThrough, AServerHandsItOn) {
  const Source source;
  PassThrough pass(source.options());
  const auto front = serve([&](const http::Request& request) -> asio::awaitable<http::Response> {
    auto retrieving = pass.retrieve(request, request.path, own_base);
    auto response = co_await std::move(retrieving);
    if (response) co_return std::move(*response);
    co_return http::Response{.status = http::status_of(response.error().kind),
                             .fields = {},
                             .body = response.error().issues[0].diagnostics};
  });
  SourceOptions options = source.options();
  const std::string url = fmt::format("http://127.0.0.1:{}", front->port());
  const std::function<bool()> is_stopped = [] { return false; };
  HttpClient client(options, is_stopped);
  for (const char* target : {"/bytes?3000000", "/chunked?3000000", "/bytes?3000000"}) {
    Bytes body;
    const auto head = client.get(url + target, "*/*", body);
    ASSERT_TRUE(head) << head.error().issues[0].diagnostics;
    EXPECT_TRUE(body.text == pattern(0, 3'000'000)) << target;
  }
  Bytes body;
  const auto broken = client.get(url + "/fail?3000000", "*/*", body);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().kind, ProblemKind::unavailable);
  EXPECT_EQ(client.get(url + "/status?404", "*/*", body).error().kind, ProblemKind::not_found);
}

}  // namespace
}  // namespace lightbox::pacs
