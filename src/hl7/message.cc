#include "hl7/message.h"

#include <algorithm>
#include <chrono>
#include <fmt/chrono.h>
#include <initializer_list>

namespace lightbox::hl7 {
namespace {

// All of MSH that is answered or logged is shorter. None out there comes near it.
constexpr std::size_t header_bytes_max = 4'096;
constexpr std::size_t uid_bytes_max = 64;
constexpr std::size_t accession_bytes_max = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Something that cannot be part of a value by itself: HL7 leaves the choice to the message.
bool is_separator(char c) {
  return c > ' ' && c <= '~' && !is_digit(c) && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z');
}

// The first piece of `rest`, which loses it and the separator behind it.
std::string_view take(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const auto piece = rest.substr(0, end);
  rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  return piece;
}

// The `number`th piece, from 1; "" when there are fewer.
std::string_view piece_of(std::string_view text, char separator, std::size_t number) {
  for (std::size_t i = 1; i < number; ++i) take(text, separator);
  return take(text, separator);
}

// The next segment, without its end; "" at the end of the message. MSH-2 holds no line end.
std::string_view take_segment(std::string_view& rest) {
  const auto begin = std::min(rest.find_first_not_of("\r\n"), rest.size());
  rest.remove_prefix(begin);
  const auto segment = rest.substr(0, rest.find_first_of("\r\n"));
  rest.remove_prefix(segment.size());
  return segment;
}

// The separators of a message; those that MSH-2 leaves out are '\0', which stands in no value.
struct Separators {
  explicit Separators(const Header& header)
      : field(header.field_separator),
        component(at(header, 0)),
        repetition(at(header, 1)),
        escape(at(header, 2)),
        subcomponent(at(header, 3)) {}
  static char at(const Header& header, std::size_t place) {
    const std::string& all = header.encoding_characters;
    return place < all.size() ? all[place] : '\0';
  }
  // Of its escape sequence: \F\ stands for the field separator. '\0': it is another's.
  [[nodiscard]] char named(char letter) const {
    switch (letter) {
      case 'F':
        return field;
      case 'S':
        return component;
      case 'T':
        return subcomponent;
      case 'R':
        return repetition;
      case 'E':
        return escape;
      default:
        return '\0';
    }
  }

  char field;
  char component;
  char repetition;
  char escape;
  char subcomponent;
};

// Sequences that are not about separators (\H\, \X0D\) stay as they are.
std::string unescaped(std::string_view text, const Separators& separators) {
  std::string value;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_sequence = separators.escape != '\0' && text[i] == separators.escape &&
                             i + 2 < text.size() && text[i + 2] == separators.escape;
    const char named = is_sequence ? separators.named(text[i + 1]) : '\0';
    value += named == '\0' ? text[i] : named;
    if (named != '\0') i += 2;
  }
  return value;
}

std::string escaped(std::string_view text, const Separators& separators) {
  std::string value;
  for (const char c : text) {
    const std::string_view letters = "FSTRE";
    const auto letter = std::ranges::find_if(
        letters, [&](char candidate) { return separators.named(candidate) == c; });
    if (static_cast<unsigned char>(c) < ' ') {
      value += ' ';
    } else if (letter == letters.end()) {
      value += c;
    } else if (separators.escape != '\0') {
      value += {separators.escape, *letter, separators.escape};
    }
  }
  return value;
}

// A component as a value, of its first subcomponent.
std::string value_of(std::string_view component, const Separators& separators) {
  std::string value = unescaped(piece_of(component, separators.subcomponent, 1), separators);
  const auto begin = std::min(value.find_first_not_of(' '), value.size());
  return value.substr(begin, value.find_last_not_of(' ') + 1 - begin);
}

bool is_uid(std::string_view text) {
  return !text.empty() && text.size() <= uid_bytes_max && is_digit(text.front()) &&
         std::ranges::all_of(text, [](char c) { return is_digit(c) || c == '.'; });
}

bool is_accession_number(std::string_view text) {
  const auto is_plain = [](char c) {
    return c >= ' ' && c <= '~' && c != '*' && c != '?' && c != '\\';
  };
  return !text.empty() && text.size() <= accession_bytes_max && text != R"("")" &&
         std::ranges::all_of(text, is_plain);
}

// Collects what the segments of one message name.
class Names {
 public:
  Names(Message& message, std::size_t names_max)
      : message_(message), names_max_(names_max), separators_(message.header) {}

  void read(std::string_view segment) {
    const auto name = piece_of(segment, separators_.field, 1);
    if (name == "ZDS") studies(segment, 1);
    if (name == "IPC") {
      accessions(segment, 1, message_.accession_numbers);
      studies(segment, 3);
    }
    if (name == "OBX" && is_study(field(segment, 3))) studies(segment, 5);
    if (name == "OBR") accessions(segment, 18, message_.accession_numbers);
    if (name == "ORC" || name == "OBR") accessions(segment, 3, filler_numbers_);
  }

  // After the last segment: what stands in for accession numbers, where there are none.
  void finish() {
    if (!message_.accession_numbers.empty()) return;
    for (std::string& number : filler_numbers_) {
      if (!is_full()) message_.accession_numbers.push_back(std::move(number));
    }
  }

 private:
  [[nodiscard]] bool is_full() const {
    return message_.study_uids.size() + message_.accession_numbers.size() >= names_max_;
  }

  [[nodiscard]] std::string_view field(std::string_view segment, std::size_t number) const {
    return piece_of(segment, separators_.field, number + 1);
  }

  // As a value.
  [[nodiscard]] std::string component(std::string_view text, std::size_t number) const {
    return value_of(piece_of(text, separators_.component, number), separators_);
  }

  void add(std::vector<std::string>& names, std::string name) const {
    if (is_full() || names.size() >= names_max_) return;
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }

  // OBX-3, with its alternate code.
  [[nodiscard]] bool is_study(std::string_view code) const {
    for (const std::size_t first : {1, 4}) {
      const std::string value = component(code, first);
      if (value != "113014" && value != "110180") continue;
      if (component(code, first + 2) == "DCM") return true;
    }
    return false;
  }

  // A UID stands alone (ST, EI), before what it points to (RP), or behind a namespace (HD).
  void studies(std::string_view segment, std::size_t number) {
    std::string_view rest = field(segment, number);
    while (!rest.empty()) {
      const auto repetition = take(rest, separators_.repetition);
      std::string uid = component(repetition, 1);
      if (!is_uid(uid) && component(repetition, 3) == "ISO") uid = component(repetition, 2);
      if (is_uid(uid)) add(message_.study_uids, std::move(uid));
    }
  }

  void accessions(std::string_view segment, std::size_t number,
                  std::vector<std::string>& accession_numbers) const {
    std::string accession_number = component(field(segment, number), 1);
    if (is_accession_number(accession_number)) {
      add(accession_numbers, std::move(accession_number));
    }
  }

  Message& message_;
  std::size_t names_max_;
  Separators separators_;
  std::vector<std::string> filler_numbers_;
};

std::string_view code_text(AckCode code) {
  switch (code) {
    case AckCode::accepted:
      return "AA";
    case AckCode::error:
      return "AE";
    case AckCode::rejected:
      break;
  }
  return "AR";
}

}  // namespace

std::optional<Header> read_header(std::string_view bytes) {
  constexpr std::string_view name = "MSH";
  std::string_view rest = take_segment(bytes);
  if (!rest.starts_with(name) || rest.size() == name.size() || rest.size() > header_bytes_max) {
    return std::nullopt;
  }
  Header header;
  header.field_separator = rest[name.size()];
  rest.remove_prefix(name.size() + 1);
  const auto field = [&] { return take(rest, header.field_separator); };
  header.encoding_characters = field();
  const std::string& encoding = header.encoding_characters;
  // Component and repetition must be there; escape, subcomponent and truncation (2.7) may be.
  if (!is_separator(header.field_separator) || encoding.size() < 2 || encoding.size() > 5 ||
      !std::ranges::all_of(encoding, is_separator)) {
    return std::nullopt;
  }
  header.sending_application = field();
  header.sending_facility = field();
  header.receiving_application = field();
  header.receiving_facility = field();
  field();  // MSH-7, its time
  field();  // MSH-8, security
  const std::string_view type = field();
  header.type = piece_of(type, encoding[0], 1);
  header.trigger = piece_of(type, encoding[0], 2);
  header.control_id = field();
  header.processing_id = field();
  header.version = field();
  return header;
}

Result<Message> parse_message(std::string_view bytes, const Limits& limits) {
  const auto wrong = [](const char* why) {
    return problem(ProblemKind::invalid, "structure", why);
  };
  auto header = read_header(bytes);
  if (!header) return wrong("It does not begin with MSH, which names the separators");
  if (header->type.empty()) return wrong("MSH-9 must have the type of the message");
  if (header->control_id.empty()) return wrong("MSH-10 must have the control id of the message");
  Message message;
  message.header = std::move(*header);
  Names names(message, limits.hl7_names_max);
  take_segment(bytes);
  while (true) {
    const auto segment = take_segment(bytes);
    if (segment.empty()) break;
    names.read(segment);
  }
  names.finish();
  return message;
}

std::string acknowledgement(const Header& header, AckCode code, std::string_view text,
                            std::int64_t time_ms) {
  const Separators separators(header);
  const std::string_view bar(&header.field_separator, 1);
  const std::chrono::sys_seconds time(std::chrono::seconds(time_ms / 1'000));
  const std::string now = fmt::format("{:%Y%m%d%H%M%S}+0000", time);
  std::string type = "ACK";
  if (!header.trigger.empty()) type += separators.component + header.trigger;
  const std::initializer_list<std::string_view> msh = {"MSH",
                                                       header.encoding_characters,
                                                       header.receiving_application,
                                                       header.receiving_facility,
                                                       header.sending_application,
                                                       header.sending_facility,
                                                       now,
                                                       "",
                                                       type,
                                                       header.control_id,
                                                       header.processing_id,
                                                       header.version};
  std::string answer = fmt::format("{}\rMSA{}{}{}{}", fmt::join(msh, bar), bar, code_text(code),
                                   bar, header.control_id);
  if (!text.empty()) answer.append(bar).append(escaped(text, separators));
  return answer + '\r';
}

}  // namespace lightbox::hl7
