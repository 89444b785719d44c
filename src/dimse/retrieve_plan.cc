#include "dimse/retrieve_plan.h"

#include <algorithm>

#include "dicom/frame_codec.h"
#include "dicom/frames.h"

namespace lightbox::dimse {
namespace {

constexpr std::size_t contexts_max = 128;  // PS3.8 9.3.2.2: odd ids of a byte

bool is_uncompressed(std::string_view transfer_syntax) {
  return transfer_syntax == uid::explicit_little_endian ||
         transfer_syntax == uid::implicit_little_endian;
}

// The contexts of one SOP class, without ids.
std::vector<ProposedContext> contexts_of(const std::string& sop_class_uid,
                                         std::span<const InstanceKind> kinds) {
  std::vector<ProposedContext> contexts;
  bool has_explicit = false;
  bool has_implicit = false;
  for (const auto& [sop_class, syntax] : kinds) {
    if (sop_class != sop_class_uid) continue;
    has_explicit = has_explicit || syntax == uid::explicit_little_endian;
    has_implicit = has_implicit || syntax == uid::implicit_little_endian;
    if (is_uncompressed(syntax) || contexts.size() + 1 == contexts_max) continue;
    contexts.push_back({.abstract_syntax = sop_class_uid, .transfer_syntaxes = {syntax}});
  }
  ProposedContext uncompressed{
      .abstract_syntax = sop_class_uid,
      .transfer_syntaxes = {uid::explicit_little_endian, uid::implicit_little_endian}};
  if (has_implicit && !has_explicit) std::ranges::reverse(uncompressed.transfer_syntaxes);
  contexts.push_back(std::move(uncompressed));
  return contexts;
}

const SendingContext* find(std::span<const SendingContext> contexts, std::string_view sop_class,
                           std::string_view transfer_syntax) {
  const auto found = std::ranges::find_if(contexts, [&](const SendingContext& context) {
    return context.abstract_syntax == sop_class && context.transfer_syntax == transfer_syntax;
  });
  return found == contexts.end() ? nullptr : &*found;
}

}  // namespace

std::size_t Retrieval::kind_of(std::string_view sop_class_uid,
                               std::string_view transfer_syntax_uid) {
  const auto found = std::ranges::find_if(kinds, [&](const InstanceKind& kind) {
    return kind.sop_class_uid == sop_class_uid && kind.transfer_syntax_uid == transfer_syntax_uid;
  });
  if (found != kinds.end()) return static_cast<std::size_t>(found - kinds.begin());
  kinds.push_back({.sop_class_uid = std::string(sop_class_uid),
                   .transfer_syntax_uid = std::string(transfer_syntax_uid)});
  return kinds.size() - 1;
}

std::vector<AssociationPlan> plan_associations(std::span<const InstanceKind> kinds) {
  std::vector<AssociationPlan> plans;
  std::vector<bool> is_planned(kinds.size());
  for (std::size_t first = 0; first < kinds.size(); ++first) {
    if (is_planned[first]) continue;
    const std::string& sop_class = kinds[first].sop_class_uid;
    auto contexts = contexts_of(sop_class, kinds);
    if (plans.empty() || plans.back().contexts.size() + contexts.size() > contexts_max) {
      plans.emplace_back();
    }
    AssociationPlan& plan = plans.back();
    for (ProposedContext& context : contexts) {
      context.id = static_cast<std::uint8_t>(2 * plan.contexts.size() + 1);
      plan.contexts.push_back(std::move(context));
    }
    for (std::size_t i = first; i < kinds.size(); ++i) {
      if (kinds[i].sop_class_uid != sop_class) continue;
      is_planned[i] = true;
      plan.kinds.push_back(i);
    }
  }
  return plans;
}

std::optional<Way> way_of(const InstanceKind& kind, std::span<const SendingContext> contexts) {
  const auto& [sop_class, stored] = kind;
  if (const auto* context = find(contexts, sop_class, stored)) {
    return Way{.context_id = context->id, .form = SentForm::as_stored};
  }
  if (!dicom::is_native(stored) && !dicom::can_decode(stored)) return std::nullopt;
  if (const auto* context = find(contexts, sop_class, uid::explicit_little_endian)) {
    return Way{.context_id = context->id, .form = SentForm::explicit_little_endian};
  }
  if (const auto* context = find(contexts, sop_class, uid::implicit_little_endian)) {
    return Way{.context_id = context->id, .form = SentForm::implicit_little_endian};
  }
  return std::nullopt;
}

}  // namespace lightbox::dimse
