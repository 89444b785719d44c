#include <cerrno>
#include <chrono>
#include <cstring>
#include <curl/curl.h>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <set>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "base/spool.h"
#include "cli/import_target.h"
#include "cli/stow_answer.h"

namespace lightbox::cli {
namespace {

using Outcome = ingest::Admitted::Outcome;
using Clock = std::chrono::steady_clock;

constexpr std::size_t objects_of_a_request = 20;
constexpr std::string_view boundary = "lightbox-import-3f1c6a0d9b7e4c52";
constexpr auto busy_pause = std::chrono::milliseconds(200);
constexpr auto busy_max = std::chrono::seconds(60);  // then the import stops
constexpr long connect_timeout_s = 10;
constexpr long silence_max_s = 120;  // without a byte in either direction
constexpr std::size_t answer_bytes_max = 16U << 20U;
constexpr std::size_t memory_bytes_max = 1U << 20U;

// An archive's entry.
class Received : public ReceivedObject {
 public:
  explicit Received(const Limits& limits)
      : spool_(std::filesystem::temp_directory_path().string(), memory_bytes_max),
        bytes_max_(limits.dicom_object_bytes_max) {}

  Result<void> append(std::string_view bytes) override {
    if (spool_.size() + bytes.size() > bytes_max_) {
      return problem(ProblemKind::too_large,
                     fmt::format("it has more than dicom_object_bytes_max = {} bytes", bytes_max_));
    }
    return spool_.append(bytes);
  }
  [[nodiscard]] const Spool& bytes() const { return spool_; }

 private:
  Spool spool_;
  std::uint64_t bytes_max_;
};

// The bytes of one object, wherever they are.
class Part {
 public:
  static Result<std::unique_ptr<Part>> of(const ImportObject& object) {
    auto part = std::make_unique<Part>();
    if (object.received) {
      part->received_ = &static_cast<const Received&>(*object.received).bytes();
      part->size_ = part->received_->size();
      return part;
    }
    part->file_ = Descriptor(open(object.path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status = {};
    if (!part->file_.is_open() || fstat(part->file_.get(), &status) != 0) {
      return problem(ProblemKind::invalid, std::strerror(errno));
    }
    part->size_ = static_cast<std::uint64_t>(status.st_size);
    return part;
  }

  [[nodiscard]] std::uint64_t size() const { return size_; }
  // So many bytes from there; 0 when there are none, or the disk failed.
  std::size_t read(std::uint64_t offset, char* out, std::size_t count) const {
    if (received_ != nullptr) return received_->read(offset, out, count).value_or(0);
    const ssize_t got = pread(file_.get(), out, count, static_cast<off_t>(offset));
    return got < 0 ? 0 : static_cast<std::size_t>(got);
  }

 private:
  const Spool* received_ = nullptr;
  Descriptor file_;
  std::uint64_t size_ = 0;
};

// A multipart/related body (PS3.18 8.6.1.2), made while curl sends it.
class Body {
 public:
  explicit Body(const std::vector<const Part*>& parts) : parts_(parts) {}

  static std::string header() {
    return fmt::format("--{}\r\nContent-Type: application/dicom\r\n\r\n", boundary);
  }
  static std::string end() { return fmt::format("--{}--\r\n", boundary); }
  [[nodiscard]] std::uint64_t size() const {
    std::uint64_t size = end().size();
    for (const Part* part : parts_) size += header().size() + part->size() + 2;
    return size;
  }
  void rewind() { *this = Body(parts_); }

  // CURLOPT_READFUNCTION
  std::size_t read(char* out, std::size_t room) {
    while (true) {
      if (const std::size_t count = text_.copy(out, room, text_at_); count > 0) {
        text_at_ += count;
        return count;
      }
      if (is_at_end_) return 0;
      if (part_ < parts_.size() && is_in_part_) {
        const Part& part = *parts_[part_];
        const auto count =
            static_cast<std::size_t>(std::min<std::uint64_t>(room, part.size() - offset_));
        if (count > 0) {
          const std::size_t got = part.read(offset_, out, count);
          if (got == 0) return CURL_READFUNC_ABORT;  // it has shrunk
          offset_ += got;
          return got;
        }
        say("\r\n");
        is_in_part_ = false;
        ++part_;
      } else if (part_ < parts_.size()) {
        say(header());
        is_in_part_ = true;
        offset_ = 0;
      } else {
        say(end());
        is_at_end_ = true;
      }
    }
  }

 private:
  void say(std::string text) {
    text_ = std::move(text);
    text_at_ = 0;
  }

  std::vector<const Part*> parts_;
  std::size_t part_ = 0;
  bool is_in_part_ = false;
  bool is_at_end_ = false;
  std::uint64_t offset_ = 0;
  std::string text_;
  std::size_t text_at_ = 0;
};

std::size_t read_body(char* out, std::size_t size, std::size_t count, void* body) {
  return static_cast<Body*>(body)->read(out, size * count);
}
std::size_t take_answer(char* data, std::size_t size, std::size_t count, void* answer) {
  auto& text = *static_cast<std::string*>(answer);
  if (text.size() + size * count > answer_bytes_max) return 0;
  text.append(data, size * count);
  return size * count;
}

// A connection of its own for each thread that adds.
class Connection {
 public:
  Connection() : handle_(curl_easy_init()) {
    const std::string type = fmt::format(
        "Content-Type: multipart/related; type=\"application/dicom\"; boundary={}", boundary);
    headers_ = curl_slist_append(headers_, type.c_str());
    headers_ = curl_slist_append(headers_, "Accept: application/dicom+json");
    headers_ = curl_slist_append(headers_, "Expect:");
  }
  ~Connection() {
    curl_easy_cleanup(handle_);
    curl_slist_free_all(headers_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  struct Answer {
    long status = 0;
    std::string text;
  };
  Result<Answer> post(const std::string& url, Body& body) {
    Answer answer;
    curl_easy_setopt(handle_, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle_, CURLOPT_POST, 1L);
    curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(handle_, CURLOPT_READFUNCTION, read_body);
    curl_easy_setopt(handle_, CURLOPT_READDATA, &body);
    curl_easy_setopt(handle_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(handle_, CURLOPT_WRITEDATA, &answer.text);
    curl_easy_setopt(handle_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle_, CURLOPT_UPLOAD_BUFFERSIZE, 256L * 1024);
    curl_easy_setopt(handle_, CURLOPT_CONNECTTIMEOUT, connect_timeout_s);
    curl_easy_setopt(handle_, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(handle_, CURLOPT_LOW_SPEED_TIME, silence_max_s);
    const CURLcode code = curl_easy_perform(handle_);
    if (code != CURLE_OK) {
      return problem(ProblemKind::unavailable,
                     fmt::format("{}: {}; start the import again when the server is there", url,
                                 curl_easy_strerror(code)));
    }
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &answer.status);
    return answer;
  }

 private:
  CURL* handle_;
  curl_slist* headers_ = nullptr;
};

// STOW-RS (PS3.18 10.5) into a running server.
class StowTarget : public ImportTarget {
 public:
  StowTarget(std::string base, const Limits& limits)
      : url_(std::move(base) + "/studies"), limits_(limits) {}

  std::unique_ptr<ReceivedObject> receive() override { return std::make_unique<Received>(limits_); }

  std::vector<ingest::Admitted> add(std::vector<ImportObject> objects) override {
    std::vector<ingest::Admitted> admitted(objects.size());
    std::vector<std::unique_ptr<Part>> parts;
    std::vector<const Part*> sent;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < objects.size(); ++i) {
      auto part = Part::of(objects[i]);
      if (!part) {
        admitted[i].problem = std::move(part).error();
        continue;
      }
      sent.push_back(part->get());
      parts.push_back(std::move(*part));
      places.push_back(i);
    }
    const auto fates = send(sent);
    for (std::size_t i = 0; i < fates.size(); ++i) admitted[places[i]] = fates[i];
    return admitted;
  }

  [[nodiscard]] std::size_t batch_max() const override { return objects_of_a_request; }

  // The server makes the resources.
  Result<void> finish(const std::function<void(std::uint64_t)>&) override { return {}; }

 private:
  // When anything of a request is refused, its objects are sent again one by one: an answer names
  // UIDs, not files, and what is known already costs little.
  std::vector<ingest::Admitted> send(const std::vector<const Part*>& parts) {
    if (parts.empty()) return {};
    const auto answer = post(parts);
    std::vector<ingest::Admitted> fates(parts.size());
    if (!answer) {
      for (auto& fate : fates) fate.problem = answer.error();
      return fates;
    }
    const StowAnswer read = read_stow_answer(answer->status, answer->text);
    if (read.is_for_all) {
      for (auto& fate : fates) fate.problem = read.problem;
      return fates;
    }
    if (read.refused == 0 && read.stored.size() == parts.size()) {
      for (std::size_t i = 0; i < parts.size(); ++i) fates[i] = read.stored[i];
      return fates;
    }
    if (parts.size() == 1) {
      fates[0].outcome = read.outcome;
      fates[0].problem = read.problem;
      return fates;
    }
    // What has just been stored is known the second time.
    std::set<std::string_view> stored;
    for (const ingest::Admitted& admitted : read.stored) {
      if (admitted.outcome == Outcome::stored) stored.insert(admitted.sop_instance_uid);
    }
    for (std::size_t i = 0; i < parts.size(); ++i) {
      fates[i] = send({parts[i]}).front();
      if (fates[i].outcome == Outcome::known && stored.erase(fates[i].sop_instance_uid) > 0) {
        fates[i].outcome = Outcome::stored;
      }
    }
    return fates;
  }

  // A server that is busy says so, and is asked again for a while.
  Result<Connection::Answer> post(const std::vector<const Part*>& parts) {
    thread_local Connection connection;
    Body body(parts);
    const auto begin = Clock::now();
    while (true) {
      TRY(auto answer, connection.post(url_, body));
      const bool is_busy = answer.status == 429 || answer.status == 503;
      if (!is_busy || Clock::now() - begin > busy_max) return answer;
      std::this_thread::sleep_for(busy_pause);
      body.rewind();
    }
  }

  std::string url_;
  const Limits& limits_;
};

}  // namespace

Result<std::unique_ptr<ImportTarget>> open_stow_target(const ImportOptions& options) {
  std::string base = options.to_url;
  while (base.ends_with('/')) base.pop_back();
  if (!base.starts_with("http://") && !base.starts_with("https://")) {
    return problem(ProblemKind::invalid, "value",
                   fmt::format("--to is '{}'; it must be a DICOMweb base, such as "
                               "http://localhost:8080/dicomweb",
                               options.to_url));
  }
  curl_global_init(CURL_GLOBAL_DEFAULT);
  return std::unique_ptr<ImportTarget>(
      std::make_unique<StowTarget>(std::move(base), options.archive.limits));
}

}  // namespace lightbox::cli
