#include "query/name.h"

#include <algorithm>
#include <array>
#include <utility>

#include "fhir/index.h"

namespace lightbox::query {
namespace {

// Takes what is before `separator`, and it.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

// Spaces around components mean nothing (PS3.5 6.2.1.1).
std::string folded_group(std::string_view group) {
  std::string folded;
  while (!group.empty()) {
    const bool is_last = group.find('^') == std::string_view::npos;
    folded += fhir::normalise(take_until(group, '^'));
    if (!is_last) folded += '^';
  }
  while (!folded.empty() && folded.back() == '^') folded.pop_back();
  return folded;
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// The place behind the character of UTF-8 at `at`.
std::size_t after_character(std::string_view text, std::size_t at) {
  ++at;
  while (at < text.size() && is_continuation(text[at])) ++at;
  return at;
}

bool is_separator(char c) {
  return std::string_view("^=\\ -.,'").find(c) != std::string_view::npos;
}

// Letters that sound alike share one; '\0' are vowels and letters that are not heard.
char sound_of_letter(char c) {
  switch (c) {
    case 'b':
    case 'p':
      return 'P';
    case 'f':
    case 'v':
    case 'w':
      return 'F';
    case 'c':
    case 'g':
    case 'k':
    case 'q':
      return 'K';
    case 's':
    case 'x':
    case 'z':
      return 'S';
    case 'd':
    case 't':
      return 'T';
    case 'l':
      return 'L';
    case 'm':
    case 'n':
      return 'M';
    case 'r':
      return 'R';
    default:
      return '\0';
  }
}

// Letters that together sound like another one.
void join_letters(std::string& word) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 14> joins = {{
      {"tsch", "s"},
      {"sch", "s"},
      {"tch", "s"},
      {"ph", "f"},
      {"th", "t"},
      {"sh", "s"},
      {"ck", "k"},
      {"ce", "se"},
      {"ci", "si"},
      {"cy", "sy"},
      {"dt", "t"},
      {"cz", "s"},
      {"sz", "s"},
      {"tz", "s"},
  }};
  for (const auto& [from, to] : joins) {
    for (auto at = word.find(from); at != std::string::npos; at = word.find(from, at + 1)) {
      word.replace(at, from.size(), to);
    }
  }
}

}  // namespace

std::string folded_name(std::string_view name) {
  std::string folded;
  while (!name.empty()) {
    const bool is_last = name.find('\\') == std::string_view::npos;
    std::string_view value = take_until(name, '\\');
    const std::size_t start = folded.size();
    while (!value.empty()) {
      const bool is_last_group = value.find('=') == std::string_view::npos;
      folded += folded_group(take_until(value, '='));
      if (!is_last_group) folded += '=';
    }
    while (folded.size() > start && folded.back() == '=') folded.pop_back();
    if (!is_last) folded += '\\';
  }
  return folded;
}

bool matches_pattern(std::string_view pattern, std::string_view text) {
  std::size_t at = 0;
  std::size_t in_pattern = 0;
  std::size_t star = std::string_view::npos;  // behind the last one
  std::size_t resume = 0;                     // where what it stands for would end
  while (at < text.size()) {
    if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
      star = ++in_pattern;
      resume = at;
    } else if (in_pattern < pattern.size() && pattern[in_pattern] == '?') {
      ++in_pattern;
      at = after_character(text, at);
    } else if (in_pattern < pattern.size() && pattern[in_pattern] == text[at]) {
      ++in_pattern;
      ++at;
    } else if (star != std::string_view::npos) {
      in_pattern = star;
      resume = after_character(text, resume);
      at = resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', in_pattern) == std::string_view::npos;
}

bool matches_name(std::string_view key, std::string_view name) {
  const bool has_groups = key.find('=') != std::string_view::npos;
  while (true) {
    std::string_view value = take_until(name, '\\');
    std::string_view wanted = key;
    bool matches = has_groups;
    if (has_groups) {
      while (!wanted.empty() && matches) {
        const std::string_view group = take_until(wanted, '=');
        const std::string_view its = take_until(value, '=');
        matches = group.empty() || matches_pattern(group, its);
      }
    } else {
      do {
        matches = matches_pattern(key, take_until(value, '='));
      } while (!matches && !value.empty());
    }
    if (matches) return true;
    if (name.empty()) return false;
  }
}

std::vector<std::string> words_of_name(std::string_view name) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : name) {
    if (!is_separator(c)) {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  std::ranges::sort(words);
  const auto rest = std::ranges::unique(words);
  words.erase(rest.begin(), rest.end());
  return words;
}

std::string sound_of(std::string_view word) {
  if (word.size() < 2) return {};
  const bool is_latin = std::ranges::all_of(word, [](char c) { return c >= 'a' && c <= 'z'; });
  if (!is_latin) return {};
  std::string letters(word);
  join_letters(letters);
  std::string sound;
  // What a word begins with is heard.
  if (sound_of_letter(letters[0]) == '\0') {
    sound += letters[0] == 'y' ? 'J' : static_cast<char>(letters[0] - 'a' + 'A');
  }
  char before = '\0';
  for (const char c : letters) {
    const char heard = sound_of_letter(c);
    if (heard != '\0' && heard != before) sound += heard;
    before = heard;
  }
  return sound;
}

bool matches_fuzzily(const std::vector<std::string>& key_words, std::string_view name) {
  const std::vector<std::string> words = words_of_name(name);
  return std::ranges::all_of(key_words, [&](const std::string& key) {
    const std::string sound = sound_of(key);
    return std::ranges::any_of(words, [&](const std::string& word) {
      return word.starts_with(key) || (!sound.empty() && sound_of(word) == sound);
    });
  });
}

}  // namespace lightbox::query
