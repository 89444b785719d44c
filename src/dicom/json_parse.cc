#include <algorithm>
#include <deque>
#include <fmt/format.h>
#include <map>
#include <simdjson.h>
#include <utility>

#include "dicom/base64.h"
#include "dicom/json.h"
#include "dicom/json_value.h"
#include "dicom/number_text.h"

namespace lightbox::dicom {

struct ParsedJson::Impl {
  DataSet data_set;
  std::deque<std::string> values;  // that the elements view
  std::map<std::string, std::string, std::less<>> bulk_uris;
};

namespace {

namespace ondemand = simdjson::ondemand;

std::string_view trimmed_token(std::string_view token) {
  while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ') token.remove_suffix(1);
  return token;
}

// Builds one data set. On-Demand's values are read where they stand, each once.
template <typename Impl>
class Builder {
 public:
  Builder(Impl& impl, const Limits& limits, std::size_t& element_count, std::string path)
      : impl_(impl), limits_(limits), element_count_(element_count), path_(std::move(path)) {}

  Result<void> read(ondemand::object object) { return read_data_set(object, impl_.data_set, 0); }

 private:
  // What stands at path_ is wrong.
  [[nodiscard]] Problem wrong(std::string_view what) const {
    return problem(ProblemKind::invalid, "structure",
                   fmt::format("DICOM JSON, {}: {}", path_.empty() ? "top level" : path_, what),
                   path_);
  }
  [[nodiscard]] Problem malformed(simdjson::error_code error) const {
    return wrong(fmt::format("the JSON is malformed: {}", simdjson::error_message(error)));
  }

  Result<void> read_data_set(ondemand::object& object, DataSet& data_set, std::size_t depth) {
    data_set.character_set = "ISO_IR 192";
    const std::size_t path_size = path_.size();
    const std::size_t bulk_path_size = bulk_path_.size();
    for (auto member : object) {
      std::string_view key;
      ondemand::value value;
      if (const auto error = member.unescaped_key().get(key)) return malformed(error);
      if (const auto error = member.value().get(value)) return malformed(error);
      (path_ += path_.empty() ? "" : ".") += key;
      const auto tag = tag_of(key);
      if (!tag || group_of(*tag) == 0xFFFE) {
        return wrong("the name of an attribute is its tag, eight hexadecimal digits");
      }
      bulk_path_ += text_of(*tag);
      Element element;
      element.tag = *tag;
      TRY_DO(read_attribute(value, element, depth));
      if (*tag % 0x10000 != 0) data_set.elements.push_back(std::move(element));
      path_.resize(path_size);
      bulk_path_.resize(bulk_path_size);
    }
    std::ranges::stable_sort(data_set.elements, {}, &Element::tag);
    const auto same = std::ranges::adjacent_find(data_set.elements, {}, &Element::tag);
    if (same == data_set.elements.end()) return {};
    return wrong(fmt::format("the attribute {} is there more than once", text_of(same->tag)));
  }

  Result<void> read_attribute(ondemand::value& value, Element& element, std::size_t depth) {
    if (++element_count_ > limits_.dicom_elements_max) {
      return problem(ProblemKind::too_large,
                     fmt::format("DICOM JSON, {}: more than {} elements (dicom_elements_max)",
                                 path_, limits_.dicom_elements_max));
    }
    ondemand::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) {
      return wrong("an object with \"vr\" and perhaps \"Value\" was expected");
    }
    TRY(element.vr, read_vr(object));
    object.reset();
    bool has_content = false;
    for (auto member : object) {
      ondemand::raw_json_string key;
      ondemand::value content;
      if (const auto error = member.key().get(key)) return malformed(error);
      if (const auto error = member.value().get(content)) return malformed(error);
      const bool is_value = key == "Value";
      const bool is_binary = key == "InlineBinary";
      if (!is_value && !is_binary && !(key == "BulkDataURI")) continue;
      if (std::exchange(has_content, true)) {
        return wrong("only one of Value, InlineBinary and BulkDataURI may be there");
      }
      if (is_value) {
        TRY_DO(read_values(content, element, depth));
      } else {
        TRY_DO(read_string(content, element, is_binary));
      }
    }
    return {};
  }

  Result<Vr> read_vr(ondemand::object& object) {
    std::string_view name;
    const auto error = object.find_field_unordered("vr").get_string().get(name);
    if (error == simdjson::NO_SUCH_FIELD) return wrong("\"vr\" is missing");
    const auto vr = error ? std::nullopt : vr_of(name);
    if (!vr) return wrong("\"vr\" is no value representation, such as \"LO\"");
    return *vr;
  }

  // InlineBinary and BulkDataURI.
  Result<void> read_string(ondemand::value& content, Element& element, bool is_binary) {
    std::string_view text;
    if (content.get_string().get(text) != simdjson::SUCCESS) {
      return wrong(is_binary ? "InlineBinary must be a string" : "BulkDataURI must be a string");
    }
    if (!is_binary) {
      impl_.bulk_uris.emplace(bulk_path_, text);
      return {};
    }
    const bool is_bytes = !is_text(element.vr) && element.vr != Vr::SQ;
    auto bytes = is_bytes ? decode_base64(text) : std::nullopt;
    if (!is_bytes) {
      return wrong(fmt::format("InlineBinary is not allowed with the VR {}", name_of(element.vr)));
    }
    if (!bytes) return wrong("InlineBinary must be base64");
    if (bytes->size() % unit_bytes(element.vr) != 0) {
      return wrong(fmt::format("InlineBinary has {} bytes; the VR {} has a multiple of {}",
                               bytes->size(), name_of(element.vr), unit_bytes(element.vr)));
    }
    keep(element, std::move(*bytes));
    return {};
  }

  Result<void> read_values(ondemand::value& content, Element& element, std::size_t depth) {
    ondemand::array array;
    if (content.get_array().get(array) != simdjson::SUCCESS) {
      return wrong("Value must be an array");
    }
    const bool is_bytes = !is_text(element.vr) && element.vr != Vr::SQ;
    const bool is_numbers = is_bytes && unit_bytes(element.vr) > 1 && !has_long_length(element.vr);
    if (is_bytes && !is_numbers && element.vr != Vr::SV && element.vr != Vr::UV) {
      return wrong(fmt::format("the VR {} has InlineBinary, not Value", name_of(element.vr)));
    }
    std::string bytes;
    std::size_t index = 0;
    const std::size_t path_size = path_.size();
    for (auto item : array) {
      ondemand::value value;
      if (const auto error = item.get(value)) return malformed(error);
      path_ += fmt::format("[{}]", index);
      if (element.vr == Vr::SQ) {
        TRY_DO(read_item(value, element, depth));
      } else if (element.vr == Vr::PN) {
        TRY_DO(read_person_name(value, index, bytes));
      } else {
        TRY_DO(read_scalar(value, element.vr, index, bytes));
      }
      path_.resize(path_size);
      ++index;
    }
    keep(element, std::move(bytes));
    return {};
  }

  Result<void> read_item(ondemand::value& value, Element& element, std::size_t depth) {
    if (depth >= limits_.dicom_depth_max) {
      return problem(ProblemKind::too_large,
                     fmt::format("DICOM JSON, {}: sequences are nested more than {} levels deep "
                                 "(dicom_depth_max)",
                                 path_, limits_.dicom_depth_max));
    }
    DataSet& item = element.items.emplace_back();
    item.character_set = "ISO_IR 192";
    if (is_null(value)) return {};
    ondemand::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) {
      return wrong("an item of a sequence must be an object");
    }
    const std::size_t bulk_path_size = bulk_path_.size();
    bulk_path_ += fmt::format("/{}/", element.items.size());
    TRY_DO(read_data_set(object, item, depth + 1));
    bulk_path_.resize(bulk_path_size);
    return {};
  }

  // F.2.2: {"Alphabetic": …, "Ideographic": …, "Phonetic": …}
  Result<void> read_person_name(ondemand::value& value, std::size_t index, std::string& bytes) {
    if (index > 0) bytes += '\\';
    if (is_null(value)) return {};
    ondemand::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) {
      return wrong("a name must be an object with Alphabetic, Ideographic or Phonetic");
    }
    std::array<std::string, 3> groups;
    for (auto member : object) {
      std::string_view key;
      std::string_view text;
      if (const auto error = member.unescaped_key().get(key)) return malformed(error);
      const std::size_t group = key == "Alphabetic"    ? 0U
                                : key == "Ideographic" ? 1U
                                : key == "Phonetic"    ? 2U
                                                       : 3U;
      if (group == 3U) return wrong("a name has only Alphabetic, Ideographic and Phonetic");
      if (member.value().get_string().get(text) != simdjson::SUCCESS) {
        return wrong("the groups of a name must be strings");
      }
      if (text.find_first_of("\\=") != text.npos) {
        return wrong("the group of a name may hold neither '\\' nor '='");
      }
      groups[group] = text;
    }
    const std::size_t start = bytes.size();
    bytes += groups[0] + "=" + groups[1] + "=" + groups[2];
    while (bytes.size() > start && bytes.back() == '=') bytes.pop_back();
    return {};
  }

  Result<void> read_scalar(ondemand::value& value, Vr vr, std::size_t index, std::string& bytes) {
    JsonScalar scalar;
    ondemand::json_type type{};
    if (const auto error = value.type().get(type)) return malformed(error);
    if (type == ondemand::json_type::string) {
      scalar.kind = JsonScalar::Kind::string;
      if (const auto error = value.get_string().get(scalar.text)) return malformed(error);
    } else if (type == ondemand::json_type::number) {
      scalar.kind = JsonScalar::Kind::number;
      scalar.text = trimmed_token(value.raw_json_token());
      if (!is_json_number(scalar.text)) return wrong("not a number as JSON writes it");
    } else if (!is_null(value)) {
      return wrong("a string, a number or null was expected");
    }
    if (const auto expected = append_scalar(vr, scalar, index, bytes)) {
      return wrong(fmt::format("\"{}\": expected {} for the VR {}", scalar.text.substr(0, 64),
                               *expected, name_of(vr)));
    }
    return {};
  }

  static bool is_null(ondemand::value& value) {
    bool null = false;
    return value.is_null().get(null) == simdjson::SUCCESS && null;
  }

  void keep(Element& element, std::string bytes) {
    if (bytes.empty()) return;
    if (is_text(element.vr)) {
      while (!bytes.empty() && (bytes.back() == ' ' || bytes.back() == '\0')) bytes.pop_back();
    }
    impl_.values.push_back(std::move(bytes));
    element.value = impl_.values.back();
  }

  Impl& impl_;
  const Limits& limits_;
  std::size_t& element_count_;
  std::string path_;       // for messages: "00081115[0].00080050"
  std::string bulk_path_;  // "00081115/1/00080050"
};

// One parser a thread, kept between calls unless it has grown large.
ondemand::parser& thread_parser() {
  static thread_local std::unique_ptr<ondemand::parser> parser;
  constexpr std::size_t kept_bytes_max = std::size_t{1024} * 1024;
  if (!parser || parser->capacity() > kept_bytes_max) parser = std::make_unique<ondemand::parser>();
  return *parser;
}

Problem malformed_json(simdjson::error_code error) {
  return problem(
      ProblemKind::invalid, "structure",
      fmt::format("DICOM JSON: the JSON is malformed: {}", simdjson::error_message(error)));
}

Result<void> check_size(std::string_view text, const Limits& limits) {
  if (text.size() <= limits.dicom_header_bytes_max) return {};
  return problem(ProblemKind::too_large,
                 fmt::format("DICOM JSON: {} bytes are more than {} (dicom_header_bytes_max)",
                             text.size(), limits.dicom_header_bytes_max));
}

bool is_at_end(ondemand::document& document) {
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

Problem trailing() {
  return problem(ProblemKind::invalid, "structure", "DICOM JSON: something follows the JSON value");
}

}  // namespace

Result<ParsedJson> ParsedJson::parse(std::string_view text, const Limits& limits) {
  TRY_DO(check_size(text, limits));
  const simdjson::padded_string padded(text);
  ondemand::document document;
  if (const auto error = thread_parser().iterate(padded).get(document)) {
    return malformed_json(error);
  }
  ondemand::object object;
  if (const auto error = document.get_object().get(object)) {
    if (error != simdjson::INCORRECT_TYPE) return malformed_json(error);
    return problem(ProblemKind::invalid, "structure", "DICOM JSON: an object was expected");
  }
  auto impl = std::make_unique<Impl>();
  std::size_t element_count = 0;
  TRY_DO(Builder(*impl, limits, element_count, "").read(object));
  if (!is_at_end(document)) return trailing();
  return ParsedJson(std::move(impl));
}

Result<std::vector<ParsedJson>> ParsedJson::parse_all(std::string_view text, const Limits& limits) {
  TRY_DO(check_size(text, limits));
  const simdjson::padded_string padded(text);
  ondemand::document document;
  if (const auto error = thread_parser().iterate(padded).get(document)) {
    return malformed_json(error);
  }
  ondemand::array array;
  if (const auto error = document.get_array().get(array)) {
    if (error != simdjson::INCORRECT_TYPE) return malformed_json(error);
    return problem(ProblemKind::invalid, "structure",
                   "DICOM JSON: an array of objects was expected");
  }
  std::vector<ParsedJson> all;
  std::size_t element_count = 0;
  for (auto item : array) {
    ondemand::object object;
    if (const auto error = item.get_object().get(object)) return malformed_json(error);
    auto impl = std::make_unique<Impl>();
    TRY_DO(Builder(*impl, limits, element_count, fmt::format("[{}]", all.size())).read(object));
    all.push_back(ParsedJson(std::move(impl)));
  }
  if (!is_at_end(document)) return trailing();
  return all;
}

ParsedJson::ParsedJson(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ParsedJson::ParsedJson(ParsedJson&&) noexcept = default;
ParsedJson& ParsedJson::operator=(ParsedJson&&) noexcept = default;
ParsedJson::~ParsedJson() = default;

const DataSet& ParsedJson::data_set() const { return impl_->data_set; }

std::string_view ParsedJson::bulk_uri(std::string_view path) const {
  const auto found = impl_->bulk_uris.find(path);
  return found == impl_->bulk_uris.end() ? std::string_view{} : found->second;
}

}  // namespace lightbox::dicom
