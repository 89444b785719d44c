#pragma once

// What a retrieval sends, and over which presentation contexts (PS3.4 annex B, PS3.8 7.1.1). Pure.
//
// To a Move Destination each SOP class is proposed with the transfer syntaxes that its instances
// are stored in, each in a context of its own, so that all of them can be accepted; and once more
// with the two uncompressed ones, in which what is not accepted as it is goes out. An association
// has 128 contexts at most: when that is not enough, the classes are divided among several
// associations.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dimse/negotiation.h"

namespace lightbox::dimse {

// Instances of a kind go out the same way.
struct InstanceKind {
  std::string sop_class_uid;
  std::string transfer_syntax_uid;  // that they are stored in
  friend bool operator==(const InstanceKind&, const InstanceKind&) = default;
};

struct Retrieval {
  struct Instance {
    std::int64_t key = 0;  // of its row
    std::string sop_instance_uid;
    std::size_t kind = 0;
  };
  std::vector<InstanceKind> kinds;  // distinct
  std::vector<Instance> instances;

  // The place of a kind, which is added where it is new.
  std::size_t kind_of(std::string_view sop_class_uid, std::string_view transfer_syntax_uid);
};

struct AssociationPlan {
  std::vector<ProposedContext> contexts;
  std::vector<std::size_t> kinds;  // what is sent over it
};
[[nodiscard]] std::vector<AssociationPlan> plan_associations(std::span<const InstanceKind> kinds);

// A context over which instances may be sent.
struct SendingContext {
  std::uint8_t id = 0;
  std::string abstract_syntax;
  std::string transfer_syntax;
};

enum class SentForm : std::uint8_t { as_stored, explicit_little_endian, implicit_little_endian };
struct Way {
  std::uint8_t context_id = 0;
  SentForm form = SentForm::as_stored;
};
// As stored when that was accepted, else explicit, else implicit; nullopt when nothing of it is
// possible.
[[nodiscard]] std::optional<Way> way_of(const InstanceKind& kind,
                                        std::span<const SendingContext> contexts);

}  // namespace lightbox::dimse
