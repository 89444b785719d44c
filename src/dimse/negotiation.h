#pragma once

// Which presentation contexts an association gets (PS3.8 7.1.1.13, 7.1.1.14 and annex B of PS3.4).
// Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lightbox::dimse {

namespace uid {
inline constexpr const char* verification = "1.2.840.10008.1.1";
inline constexpr const char* storage_commitment_push_model = "1.2.840.10008.1.20.1";
inline constexpr const char* storage_commitment_push_model_instance = "1.2.840.10008.1.20.1.1";
inline constexpr const char* instance_availability_notification = "1.2.840.10008.5.1.4.33";
inline constexpr const char* patient_root_find = "1.2.840.10008.5.1.4.1.2.1.1";
inline constexpr const char* patient_root_move = "1.2.840.10008.5.1.4.1.2.1.2";
inline constexpr const char* patient_root_get = "1.2.840.10008.5.1.4.1.2.1.3";
inline constexpr const char* study_root_find = "1.2.840.10008.5.1.4.1.2.2.1";
inline constexpr const char* study_root_move = "1.2.840.10008.5.1.4.1.2.2.2";
inline constexpr const char* study_root_get = "1.2.840.10008.5.1.4.1.2.2.3";
inline constexpr const char* implicit_little_endian = "1.2.840.10008.1.2";
inline constexpr const char* explicit_little_endian = "1.2.840.10008.1.2.1";
}  // namespace uid

// The information models of queries and retrieval (PS3.4 C.3).
enum class QueryModel : std::uint8_t { patient_root, study_root };

// What is done in a context.
enum class ServiceKind : std::uint8_t {
  none,
  verification,
  storage,
  storage_commitment,
  instance_availability,
  query,     // C-FIND
  retrieve,  // C-MOVE, C-GET
};

// Whether what the dictionary does not know (private and newer SOP classes and transfer syntaxes)
// is taken as storage. Known SOP classes of other services never are.
enum class UnknownClasses : std::uint8_t { refused, stored };

[[nodiscard]] ServiceKind service_of(std::string_view abstract_syntax, UnknownClasses unknown);

// PS3.7 D.3.3.4: as which the requestor of the association would serve a SOP class.
enum class RequestorRole : std::uint8_t { scu, scp, both };

struct ProposedContext {
  std::uint8_t id = 0;
  std::string abstract_syntax;
  std::vector<std::string> transfer_syntaxes;  // in the order of the sender
  RequestorRole role = RequestorRole::scu;
};

enum class Answer : std::uint8_t {
  accepted,
  abstract_syntax_not_supported,
  transfer_syntaxes_not_supported,
};
struct Decision {
  Answer answer = Answer::abstract_syntax_not_supported;
  std::string transfer_syntax = {};  // of an accepted one
  RequestorRole role = RequestorRole::scu;
};

// The first proposed transfer syntax other than implicit little endian, so that objects come as the
// sender has them: implicit is what all must offer, and drops the value representations of private
// elements. For storage any is taken, also those that nothing here decodes; the messages of other
// services are little endian, implicit or explicit. The role of an SCP is granted for storage, so
// that C-GET can send there; then uncompressed transfer syntaxes are preferred, which everything
// can be sent in.
[[nodiscard]] Decision decide(const ProposedContext& proposed, UnknownClasses unknown);

}  // namespace lightbox::dimse
