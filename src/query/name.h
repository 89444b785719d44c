#pragma once

// Names of persons (PS3.5 6.2.1) as queries compare them: folded (neither case nor accents, spaces
// that mean something only), by groups and components; and fuzzily: by words, in any order. Pure.

#include <string>
#include <string_view>
#include <vector>

namespace lightbox::query {

// All values, folded; empty components and groups at the end are dropped. Wildcards stay.
[[nodiscard]] std::string folded_name(std::string_view name);

// Whether a folded name is what a folded key asks for, with the wildcards '*' and '?'. A key with
// one group asks for a name that has such a group; one with several, for each of its own.
[[nodiscard]] bool matches_name(std::string_view key, std::string_view name);

// The words of a folded name: what stands between '^', '=', backslash, spaces, hyphens, dots,
// commas and apostrophes.
[[nodiscard]] std::vector<std::string> words_of_name(std::string_view name);

// What a word sounds like, for Latin letters (its rules are in docs/dicomweb.md); "" for a word
// with other characters or of one letter.
[[nodiscard]] std::string sound_of(std::string_view word);

// Whether each word of the key begins a word of the name, or sounds like one.
[[nodiscard]] bool matches_fuzzily(const std::vector<std::string>& key_words,
                                   std::string_view name);

// Whether a text matches a pattern with '*' and '?', which stand for characters of UTF-8.
[[nodiscard]] bool matches_pattern(std::string_view pattern, std::string_view text);

}  // namespace lightbox::query
