// Sends DICOM files faster than servers take them: they are read, and C-STORE requests are encoded,
// before the clock starts; TCP_NODELAY is set and each message is one write.
//
//   bench_dicom_send rest URL LIST CONNECTIONS 1            POST of each file to Orthanc's
//   /instances bench_dicom_send stow URL LIST CONNECTIONS PER_REQUEST  STOW-RS bench_dicom_send
//   c-store PORT LIST ASSOCIATIONS 1       CT images, explicit VR little endian bench_dicom_send
//   c-find PORT LIST ASSOCIATIONS 1        Study Root, studies
//
// LIST names a file a line; for C-FIND a matching key a line, "00100020LO=P1". A sixth argument,
// for C-STORE of large files: each is read when its turn comes. Prints
// {"seconds":…,"sent":…,"failed":…,"found":…,"cpu":…}: found is how many C-FIND responses had a
// match, cpu is this process's own, in seconds.

#include <arpa/inet.h>
#include <atomic>
#include <chrono>
#include <curl/curl.h>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <map>
#include <netinet/tcp.h>
#include <optional>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace std::string_literals;

constexpr std::string_view boundary = "bench-boundary-5d1f";
constexpr std::size_t pdu_bytes_max = 128 * 1024;
constexpr const char* ct_image_storage = "1.2.840.10008.5.1.4.1.1.2";
constexpr const char* study_root_find = "1.2.840.10008.5.1.4.1.2.2.1";
constexpr const char* explicit_little_endian = "1.2.840.10008.1.2.1";

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// --- HTTP ----------------------------------------------------------------------------------------

std::string multipart(const std::vector<std::string>& files, std::size_t begin, std::size_t count) {
  std::string body;
  for (std::size_t i = begin; i < std::min(begin + count, files.size()); ++i) {
    body += fmt::format("--{}\r\nContent-Type: application/dicom\r\n\r\n", boundary);
    body += files[i];
    body += "\r\n";
  }
  return body + fmt::format("--{}--\r\n", boundary);
}

std::size_t ignore_answer(char*, std::size_t size, std::size_t count, void*) {
  return size * count;
}

class HttpConnection {
 public:
  HttpConnection(const std::string& url, bool is_stow) : handle_(curl_easy_init()) {
    const std::string type =
        is_stow
            ? fmt::format("multipart/related; type=\"application/dicom\"; boundary={}", boundary)
            : "application/dicom";
    headers_ = curl_slist_append(headers_, ("Content-Type: " + type).c_str());
    headers_ = curl_slist_append(headers_, "Accept: application/dicom+json");
    headers_ = curl_slist_append(headers_, "Expect:");
    curl_easy_setopt(handle_, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, ignore_answer);
    curl_easy_setopt(handle_, CURLOPT_NOSIGNAL, 1L);
  }
  ~HttpConnection() {
    curl_easy_cleanup(handle_);
    curl_slist_free_all(headers_);
  }
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  bool send(const std::string& body) {
    curl_easy_setopt(handle_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(handle_, CURLOPT_POSTFIELDS, body.data());
    long status = 0;
    if (curl_easy_perform(handle_) != CURLE_OK) return false;
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
    return status == 200;
  }

 private:
  CURL* handle_;
  curl_slist* headers_ = nullptr;
};

// --- DIMSE (PS3.8 9.3, PS3.7 9.3.1)
// ----------------------------------------------------------------

std::string big(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
  return out;
}
std::string little(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}
std::string item(char type, const std::string& content) {
  return std::string(1, type) + '\0' + big(content.size(), 2) + content;
}
std::string pdu(char type, const std::string& content) {
  return std::string(1, type) + '\0' + big(content.size(), 4) + content;
}

std::string associate_request(const std::string& abstract_syntax) {
  const auto title = [](const std::string& text) {
    return text + std::string(16 - text.size(), ' ');
  };
  const std::string context =
      "\1\0\0\0"s + item(0x30, abstract_syntax) + item(0x40, explicit_little_endian);
  const std::string user = item(0x51, big(pdu_bytes_max, 4)) + item(0x52, "1.2.826.0.1.3680043.9");
  return pdu(1, "\0\1\0\0"s + title("LIGHTBOX") + title("BENCH") + std::string(32, '\0') +
                    item(0x10, "1.2.840.10008.3.1.1.1") + item(0x20, context) + item(0x50, user));
}

std::string element(unsigned number, const std::string& value) {
  std::string padded = value;
  if (padded.size() % 2 == 1) padded += '\0';
  return little(0, 2) + little(number, 2) + little(padded.size(), 4) + padded;
}

// A PDU of one PDV that is the whole command.
std::string command_pdu(const std::string& command) {
  const std::string with_length = element(0x0000, little(command.size(), 4)) + command;
  return pdu(4, big(with_length.size() + 2, 4) + "\1\3" + with_length);
}

// P-DATA of one message: the command, then the data set.
std::string store_request(const std::string& file, unsigned message_id) {
  // The file meta information says how long it is, and the instance's UID.
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(file.at(at)); };
  const std::size_t meta_end = 144 + byte(140) + (byte(141) << 8U);
  const std::size_t uid_at = file.find("\2\0\3\0UI"s) + 8;
  std::string uid = file.substr(uid_at, byte(uid_at - 2));
  const std::string command = element(0x0002, ct_image_storage) + element(0x0100, little(1, 2)) +
                              element(0x0110, little(message_id, 2)) +
                              element(0x0700, little(0, 2)) + element(0x0800, little(1, 2)) +
                              element(0x1000, uid);
  std::string out = command_pdu(command);
  for (std::size_t at = meta_end; at < file.size();) {
    const std::size_t size = std::min(file.size() - at, pdu_bytes_max - 6);
    const bool is_last = at + size == file.size();
    out += big(4, 1) + '\0' + big(size + 6, 4) + big(size + 2, 4) + '\1' + (is_last ? '\2' : '\0');
    out.append(file, at, size);
    at += size;
  }
  return out;
}

// P-DATA of a C-FIND request for the studies that match one key, with some attributes of each.
std::string find_request(const std::string& key, unsigned message_id) {
  const std::string command = element(0x0002, study_root_find) + element(0x0100, little(0x20, 2)) +
                              element(0x0110, little(message_id, 2)) +
                              element(0x0700, little(0, 2)) + element(0x0800, little(1, 2));
  std::map<std::string, std::string> keys = {
      {"00080020DA", ""}, {"00080030TM", ""}, {"00080050SH", ""}, {"00080052CS", "STUDY"},
      {"00100010PN", ""}, {"00100020LO", ""}, {"0020000DUI", ""}, {"00200010SH", ""},
      {"00080061CS", ""}, {"00201206IS", ""}};
  keys[key.substr(0, 10)] = key.substr(11);
  std::string identifier;
  for (auto [tag, value] : keys) {
    if (value.size() % 2 == 1) value += ' ';
    identifier += little(std::stoul(tag.substr(0, 4), nullptr, 16), 2) +
                  little(std::stoul(tag.substr(4, 4), nullptr, 16), 2) + tag.substr(8) +
                  little(value.size(), 2) + value;
  }
  return command_pdu(command) + pdu(4, big(identifier.size() + 2, 4) + "\1\2" + identifier);
}

class Association {
 public:
  Association(int port, const std::string& abstract_syntax)
      : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_open_ = connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
               write_all(associate_request(abstract_syntax)) && read_pdu().starts_with('\2');
  }
  ~Association() {
    if (is_open_ && write_all(pdu(5, std::string(4, '\0')))) read_pdu();
    close(socket_);
  }
  Association(const Association&) = delete;
  Association& operator=(const Association&) = delete;

  [[nodiscard]] bool is_open() const { return is_open_; }
  // Whether the response's status is 0000.
  bool send(const std::string& message) {
    if (!is_open_ || !write_all(message)) return false;
    const std::string response = read_pdu();
    return response.find("\0\0\0\11\2\0\0\0\0\0"s) != std::string::npos;
  }

  // Reads all responses; how many were pending, nullopt when the last was no success.
  std::optional<std::size_t> find(const std::string& request) {
    if (!is_open_ || !write_all(request)) return std::nullopt;
    const std::string status_element = "\0\0\0\11\2\0\0\0"s;
    for (std::size_t found = 0;;) {
      const std::string data = read_pdu();
      if (!data.starts_with('\4')) return std::nullopt;
      for (std::size_t at = 6; at + 6 <= data.size();) {
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(data.at(i)); };
        const std::size_t size = (byte(at + 1) << 16U) + (byte(at + 2) << 8U) + byte(at + 3);
        const std::string_view value = std::string_view(data).substr(at + 6, size - 2);
        const bool is_command = (byte(at + 5) & 1U) != 0;
        at += 4 + size;
        if (!is_command) continue;
        const std::size_t status = value.find(status_element);
        if (status == std::string_view::npos) return std::nullopt;
        const auto high = static_cast<unsigned char>(value.at(status + 9));
        if (high == 0xFF) {
          ++found;
        } else {
          return high == 0 ? std::optional(found) : std::nullopt;
        }
      }
    }
  }

 private:
  bool write_all(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  std::string read_pdu() {
    std::string bytes(6, '\0');
    if (recv(socket_, bytes.data(), 6, MSG_WAITALL) != 6) return {};
    std::size_t size = 0;
    for (int i = 2; i < 6; ++i) size = (size << 8U) + static_cast<unsigned char>(bytes[i]);
    bytes.resize(6 + size);
    if (recv(socket_, bytes.data() + 6, size, MSG_WAITALL) != static_cast<ssize_t>(size)) return {};
    return bytes;
  }

  int socket_;
  bool is_open_ = false;
};

// --- the run -------------------------------------------------------------------------------------

struct Plan {
  std::string way;
  std::string target;
  std::vector<std::string> paths;
  unsigned connections = 1;
  std::size_t per_request = 1;
  bool is_streamed = false;
};

std::vector<std::string> requests_of(const Plan& plan) {
  if (plan.way == "c-find") {
    std::vector<std::string> requests;
    for (const auto& key : plan.paths) {
      // Small ids: find() knows the status by the bytes before it, which a greater one could hold.
      requests.push_back(find_request(key, static_cast<unsigned>(requests.size() % 250) + 1));
    }
    return requests;
  }
  std::vector<std::string> files;
  for (const auto& path : plan.paths) files.push_back(read_file(path));
  if (plan.way == "rest") return files;
  std::vector<std::string> requests;
  for (std::size_t i = 0; i < files.size(); i += plan.per_request) {
    requests.push_back(plan.way == "stow"
                           ? multipart(files, i, plan.per_request)
                           : store_request(files[i], static_cast<unsigned>(i & 0x7FFFU) + 1));
  }
  return requests;
}

double cpu_seconds() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void run(const Plan& plan) {
  const std::vector<std::string> requests =
      plan.is_streamed ? std::vector<std::string>() : requests_of(plan);
  const std::size_t count = plan.is_streamed ? plan.paths.size() : requests.size();
  std::atomic<std::size_t> next = 0;
  std::atomic<std::size_t> failed = 0;
  std::atomic<std::size_t> found = 0;
  const auto send_all = [&](auto& connection) {
    for (std::size_t i = next++; i < count; i = next++) {
      const bool is_sent =
          plan.is_streamed
              ? connection.send(store_request(read_file(plan.paths[i]), (i & 0x7FFFU) + 1))
              : connection.send(requests[i]);
      if (!is_sent) ++failed;
    }
  };
  const double cpu = cpu_seconds();
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < plan.connections; ++i) {
    threads.emplace_back([&] {
      if (plan.way == "c-store") {
        Association association(std::stoi(plan.target), ct_image_storage);
        send_all(association);
      } else if (plan.way == "c-find") {
        Association association(std::stoi(plan.target), study_root_find);
        for (std::size_t at = next++; at < count; at = next++) {
          const auto matches = association.find(requests[at]);
          matches ? found += *matches : ++failed;
        }
      } else {
        HttpConnection connection(plan.target, plan.way == "stow");
        send_all(connection);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  fmt::print("{{\"seconds\":{:.4f},\"sent\":{},\"failed\":{},\"found\":{},\"cpu\":{:.3f}}}\n",
             seconds, plan.paths.size(), failed.load(), found.load(), cpu_seconds() - cpu);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() < 5) {
    fmt::print(stderr,
               "bench_dicom_send rest|stow|c-store|c-find TARGET LIST CONNECTIONS PER_REQUEST\n");
    return 2;
  }
  Plan plan{.way = arguments[0],
            .target = arguments[1],
            .paths = {},
            .connections = static_cast<unsigned>(std::stoul(arguments[3])),
            .per_request = std::stoul(arguments[4]),
            .is_streamed = arguments.size() > 5};
  std::ifstream list(arguments[2]);
  for (std::string line; std::getline(list, line);) plan.paths.push_back(line);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  run(plan);
  return 0;
}
