#include "store/cursor.h"

#include <cstring>
#include <optional>

#include "fhir/index.h"

namespace lightbox::store {
namespace {

constexpr char cursor_version = 1;
constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string to_base64url(std::string_view bytes) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = (bits << 8U | static_cast<unsigned char>(c)) & 0xFFFFU;
    count += 8;
    while (count >= 6) {
      count -= 6;
      out += alphabet[bits >> static_cast<unsigned>(count) & 63U];
    }
  }
  if (count > 0) out += alphabet[bits << static_cast<unsigned>(6 - count) & 63U];
  return out;
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::size_t value = alphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 6U | static_cast<std::uint32_t>(value)) & 0x3FFFU;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> static_cast<unsigned>(count) & 0xFFU);
  }
  return out;
}

template <typename T>
void put(T value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// Takes fields off the front; after one that is not there, `ok` is false.
struct Fields {
  std::string_view rest;
  bool ok = true;

  template <typename T>
  T take() {
    T value{};
    if (rest.size() < sizeof value) {
      ok = false;
      return value;
    }
    std::memcpy(&value, rest.data(), sizeof value);
    rest.remove_prefix(sizeof value);
    return value;
  }
  std::string take_text() {
    const auto size = take<std::uint32_t>();
    if (rest.size() < size) ok = false;
    if (!ok) return {};
    std::string text(rest.substr(0, size));
    rest.remove_prefix(size);
    return text;
  }
};

int compare(const SortValue& a, const SortValue& b, bool descending) {
  if (a.has != b.has) return a.has ? -1 : 1;
  if (!a.has || a.value == b.value) return 0;
  return (a.value < b.value) != descending ? -1 : 1;
}

Problem bad_cursor() {
  return problem(ProblemKind::invalid, "value",
                 "_cursor is not one of this search: start again from its first page");
}

}  // namespace

bool Ordering::before(const Place& a, const Place& b) const {
  bool backward = false;
  if (mode == Mode::reversed) {
    const bool a_missing = a.ord == fhir::order_missing;
    const bool b_missing = b.ord == fhir::order_missing;
    if (a_missing != b_missing) return b_missing;
    backward = !a_missing;
  }
  if (mode == Mode::keys) {
    for (std::size_t i = 0; i < descending.size(); ++i) {
      const int order = compare(a.values[i], b.values[i], descending[i]);
      if (order != 0) return order < 0;
    }
    backward = descending.size() == 1 ? descending[0] && a.values[0].has
                                      : ends_backward && a.ord != fhir::order_missing;
  }
  if (a.ord != b.ord) return (a.ord < b.ord) != backward;
  return a.key != b.key && (a.key < b.key) != backward;
}

std::string encode_cursor(const Place& place, std::uint64_t query_hash) {
  std::string bytes(1, cursor_version);
  put(query_hash, bytes);
  put(place.ord, bytes);
  put(place.key, bytes);
  for (const SortValue& value : place.values) {
    bytes += static_cast<char>(value.has ? 1 + value.value.index() : 0);
    if (!value.has) continue;
    if (const auto* integer = std::get_if<std::int64_t>(&value.value)) put(*integer, bytes);
    if (const auto* real = std::get_if<double>(&value.value)) put(*real, bytes);
    if (const auto* text = std::get_if<std::string>(&value.value)) {
      put(static_cast<std::uint32_t>(text->size()), bytes);
      bytes += *text;
    }
  }
  return to_base64url(bytes);
}

Result<Place> decode_cursor(std::string_view text, std::uint64_t query_hash,
                            const Ordering& ordering) {
  const auto bytes = from_base64url(text);
  if (!bytes) return bad_cursor();
  Fields fields{*bytes};
  if (fields.take<char>() != cursor_version || fields.take<std::uint64_t>() != query_hash) {
    return bad_cursor();
  }
  Place place;
  place.ord = fields.take<std::int64_t>();
  place.key = fields.take<std::int64_t>();
  for (std::size_t i = 0; i < ordering.descending.size(); ++i) {
    SortValue value;
    const char kind = fields.take<char>();
    value.has = kind != 0;
    switch (kind) {
      case 0:
        break;
      case 1:
        value.value = fields.take<std::int64_t>();
        break;
      case 2:
        value.value = fields.take<double>();
        break;
      case 3:
        value.value = fields.take_text();
        break;
      default:
        return bad_cursor();
    }
    place.values.push_back(std::move(value));
  }
  if (!fields.ok || !fields.rest.empty()) return bad_cursor();
  return place;
}

}  // namespace lightbox::store
