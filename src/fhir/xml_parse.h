#pragma once

// XML as events, as strictly as FHIR needs it (XML 1.0, Namespaces in XML 1.0). The parser is
// Expat: it checks well-formedness, UTF-8, characters and entities, and resolves namespaces. What
// FHIR has no use for and attackers have is refused here: a DOCTYPE (so no entities but XML's own
// five and numbers), other encodings, and memory out of proportion to the text.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lightbox::fhir {

struct XmlName {
  std::string_view space;  // the namespace's URI; empty: none
  std::string_view local;
};

struct XmlAttribute {
  XmlName name;
  std::string_view value;  // entities resolved, white space as XML normalises it
};

// Views are valid during the call.
class XmlEvents {
 public:
  virtual ~XmlEvents() = default;
  // `declares_default`: the start tag has an xmlns="…" of its own. It is not among the attributes.
  virtual void start(const XmlName& name, std::span<const XmlAttribute> attributes,
                     bool declares_default) = 0;
  virtual void end() = 0;
  virtual void text(std::string_view text) = 0;  // also of CDATA; in pieces
};

// Of one text, for one thread. `text` and `events` must outlive it.
class XmlParser {
 public:
  XmlParser(std::string_view text, XmlEvents& events);
  XmlParser(const XmlParser&) = delete;
  XmlParser& operator=(const XmlParser&) = delete;
  ~XmlParser();

  // Once. Fails with kind `invalid`, code "structure" and line and column when the text is not
  // well-formed, code "security" for a DOCTYPE, code "too-costly" for too much memory; or with what
  // stop() was given.
  Result<void> run();

  // --- Within an event ---------------------------------------------------------------------------
  void stop(Problem problem);
  // "line 3, column 14" of the event: from 1, columns in code points.
  [[nodiscard]] std::string position() const;
  // Where in the text the event's markup begins and ends.
  [[nodiscard]] std::size_t begin_offset() const;
  [[nodiscard]] std::size_t end_offset() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lightbox::fhir
