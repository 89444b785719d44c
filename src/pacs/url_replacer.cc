#include "pacs/url_replacer.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace lightbox::pacs {
namespace {

constexpr std::string_view scheme = "http";
constexpr std::size_t authority_bytes_max = 300;
// So much before a URL says whether it is one of bulk data.
constexpr std::size_t looked_back_bytes = 64;

std::string with_escaped_slashes(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '/') out += '\\';
    out += c;
  }
  return out;
}

// "http://host/a" -> "/a"; "" without one.
std::string_view path_of(std::string_view url) {
  const auto authority = url.find("//");
  if (authority == url.npos) return {};
  const auto path = url.find('/', authority + 2);
  return path == url.npos ? std::string_view{} : url.substr(path);
}

// Whether a URL's last segment, or its host or port, goes on with this.
bool goes_on(unsigned char c) {
  return std::isalnum(c) != 0 ||
         std::string_view("-._~%:@").find(static_cast<char>(c)) != std::string_view::npos;
}

bool is_of_authority(unsigned char c) {
  return std::isalnum(c) != 0 ||
         std::string_view("-._:[]").find(static_cast<char>(c)) != std::string_view::npos;
}

void drop_space(std::string_view& text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
    text.remove_suffix(1);
  }
}

// PS3.18 F.2.2 and PS3.19 A.1.
bool introduces_bulk_data(std::string_view before) {
  if (before.ends_with(" uri=\"") || before.ends_with(" uri='")) return true;
  if (!before.ends_with('"')) return false;
  before.remove_suffix(1);
  drop_space(before);
  if (!before.ends_with(':')) return false;
  before.remove_suffix(1);
  drop_space(before);
  return before.ends_with("\"BulkDataURI\"");
}

}  // namespace

UrlReplacer::UrlReplacer(std::vector<std::string> bases, std::string_view bulk_data_base,
                         std::string replacement) {
  // One may be the beginning of another.
  std::ranges::sort(bases, std::ranges::greater{}, &std::string::size);
  for (std::string& base : bases) {
    bases_.push_back({.text = with_escaped_slashes(base), .slashes = Slashes::escaped});
    bases_.push_back({.text = std::move(base), .slashes = Slashes::plain});
  }
  constexpr auto plain = std::to_underlying(Slashes::plain);
  constexpr auto escaped = std::to_underlying(Slashes::escaped);
  path_[plain] = std::string(path_of(bulk_data_base)) + "/studies/";
  path_[escaped] = with_escaped_slashes(path_[plain]);
  replacement_[plain] = std::move(replacement);
  replacement_[escaped] = with_escaped_slashes(replacement_[plain]);
}

void UrlReplacer::write(std::string_view bytes, std::string& out) {
  waiting_ += bytes;
  decide(End::may_go_on, out);
}

void UrlReplacer::finish(std::string& out) {
  decide(End::is_here, out);
  waiting_.clear();
  decided_ = 0;
}

std::string UrlReplacer::replaced(std::string_view text) {
  std::string out;
  write(text, out);
  finish(out);
  return out;
}

void UrlReplacer::decide(End end, std::string& out) {
  const std::string_view text = waiting_;
  const auto pass = [&](std::size_t to) {
    out += text.substr(decided_, to - decided_);
    decided_ = to;
  };
  std::size_t at = decided_;
  while ((at = text.find(scheme, at)) != text.npos) {
    const Match found = match(at, end);
    if (found.kind == Match::Kind::undecided) break;
    if (found.kind == Match::Kind::none) {
      at += scheme.size();
      continue;
    }
    pass(at);
    out += replacement_[std::to_underlying(found.slashes)];
    decided_ = at = at + found.length;
  }
  if (at == text.npos) {
    at = text.size();
    if (end == End::may_go_on) {
      // "htt" may be the beginning of one.
      const std::size_t length = std::min(text.size() - decided_, scheme.size() - 1);
      for (std::size_t kept = length; kept > 0; --kept) {
        if (!text.ends_with(scheme.substr(0, kept))) continue;
        at = text.size() - kept;
        break;
      }
    }
  }
  pass(at);
  if (decided_ > looked_back_bytes) {
    waiting_.erase(0, decided_ - looked_back_bytes);
    decided_ = looked_back_bytes;
  }
}

UrlReplacer::Match UrlReplacer::match(std::size_t at, End end) const {
  const std::string_view rest = std::string_view(waiting_).substr(at);
  const bool may_go_on = end == End::may_go_on;
  for (const auto& [base, slashes] : bases_) {
    if (rest.starts_with(base)) {
      if (rest.size() == base.size() && may_go_on) return {.kind = Match::Kind::undecided};
      if (rest.size() > base.size() && goes_on(static_cast<unsigned char>(rest[base.size()]))) {
        continue;
      }
      return {.kind = Match::Kind::found, .length = base.size(), .slashes = slashes};
    }
    if (may_go_on && base.starts_with(rest)) return {.kind = Match::Kind::undecided};
  }
  const std::size_t looked_back = std::min(at, looked_back_bytes);
  if (!introduces_bulk_data(std::string_view(waiting_).substr(at - looked_back, looked_back))) {
    return {};
  }
  for (const Slashes slashes : {Slashes::plain, Slashes::escaped}) {
    const Match found = match_other_host(at, slashes);
    if (found.kind == Match::Kind::found) return found;
    if (found.kind == Match::Kind::undecided && may_go_on) return found;
  }
  return {};
}

UrlReplacer::Match UrlReplacer::match_other_host(std::size_t at, Slashes slashes) const {
  const std::string_view rest = std::string_view(waiting_).substr(at);
  const std::string_view after_scheme = slashes == Slashes::plain ? "://" : ":\\/\\/";
  const std::string_view path = path_[std::to_underlying(slashes)];
  std::size_t length = scheme.size();
  // Takes `wanted`, or says that it is not there, or not yet.
  const auto take = [&](std::string_view wanted) {
    const std::string_view here = rest.substr(std::min(length, rest.size()), wanted.size());
    length += wanted.size();
    if (here == wanted) return Match::Kind::found;
    return wanted.starts_with(here) && length > rest.size() ? Match::Kind::undecided
                                                            : Match::Kind::none;
  };
  if (rest.size() == length) return {.kind = Match::Kind::undecided};
  if (rest[length] == 's') ++length;
  if (const auto taken = take(after_scheme); taken != Match::Kind::found) return {.kind = taken};
  const std::size_t authority = length;
  while (length < rest.size() && is_of_authority(static_cast<unsigned char>(rest[length]))) {
    if (++length - authority > authority_bytes_max) return {};
  }
  if (length == rest.size()) return {.kind = Match::Kind::undecided};
  if (length == authority) return {};
  if (const auto taken = take(path); taken != Match::Kind::found) return {.kind = taken};
  const std::size_t studies = slashes == Slashes::plain ? 9 : 11;  // "/studies/"
  return {.kind = Match::Kind::found, .length = length - studies, .slashes = slashes};
}

}  // namespace lightbox::pacs
