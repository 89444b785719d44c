#pragma once

// R4's operations (operations.html): [base]/$name, [base]/[type]/$name, [base]/[type]/[id]/$name.
// One table of them feeds their routes, what the input may be, the CapabilityStatement and the
// OperationDefinitions that are published. Those of the table here need the store alone; an Api is
// given more (rest/api.h) by whoever has what they need.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "fhir/definitions.h"
#include "http/message.h"
#include "rest/operation_input.h"

namespace lightbox::rest {

enum class OperationLevel : std::uint8_t { system = 1, type = 2, instance = 4 };

struct Call;
struct Operation;

// One invocation on its way to its answer.
struct OperationCall {
  Call& call;
  const Operation& operation;
  OperationLevel level = OperationLevel::system;
  const fhir::ResourceType* type = nullptr;  // nullptr: system level
  std::string id;                            // instance level
  OperationInput input;
};

// Called by several threads at once; the OperationCall lives until it is done.
using OperationHandler =
    std::function<boost::asio::awaitable<Result<http::Response>>(OperationCall&)>;

// What the body of a POST may be besides a Parameters resource.
enum class OperationBody : std::uint8_t {
  parameters,  // nothing
  resource,    // the one input of type Resource, `resource_parameter`
  unchecked,   // the same; and it is not validated before the handler has it
};

// What the OperationDefinition of one of our own says, besides what Operation does. Literals.
struct OwnDefinition {
  std::string_view name;  // "StudyEverything"
  std::string_view title;
  std::string_view description;
  std::string_view parameters;  // OperationDefinition.parameter, as JSON
};

struct Operation {
  std::string_view name;        // without '$'
  std::string_view type;        // empty: every type
  std::uint8_t levels;          // of OperationLevel, or-ed
  bool affects_state;           // then only by POST (R4, operations.html#request)
  std::string_view definition;  // canonical; empty: our own, published (rest/published.h)
  std::string_view parameters;  // names, separated by spaces
  OperationBody body;
  std::string_view resource_parameter;
  OperationHandler handler;
  OwnDefinition own = {};  // of those with an empty `definition`
  // What it answers is no resource: it looks at Accept itself.
  bool negotiates_itself = false;

  [[nodiscard]] bool has(OperationLevel level) const {
    return (levels & static_cast<std::uint8_t>(level)) != 0;
  }
  // Whether it is an operation of this type (nullptr: of the system) at this level.
  [[nodiscard]] bool is_of(const fhir::ResourceType* on, OperationLevel level) const {
    return has(level) && (type.empty() || (on != nullptr && on->name == type));
  }
};

// Those that every Api has.
[[nodiscard]] std::span<const Operation> basic_operations();

// The canonical URL of its OperationDefinition.
[[nodiscard]] std::string operation_definition(const Operation& operation, std::string_view base);

// Runs `work`, which may take long and must not throw, away from the connection's thread.
boost::asio::awaitable<Result<http::Response>> in_slow_lane(
    OperationCall& call, std::function<Result<http::Response>()> work);

// 200 with a Parameters resource; `parameters` are its items as JSON, separated by commas.
[[nodiscard]] http::Response parameters_response(const Call& call, std::string_view parameters);

// One file each, or one for a family.
boost::asio::awaitable<Result<http::Response>> validate_resource(OperationCall& call);
boost::asio::awaitable<Result<http::Response>> meta_summary(OperationCall& call);
boost::asio::awaitable<Result<http::Response>> meta_add(OperationCall& call);
boost::asio::awaitable<Result<http::Response>> meta_delete(OperationCall& call);
boost::asio::awaitable<Result<http::Response>> patient_everything(OperationCall& call);
boost::asio::awaitable<Result<http::Response>> study_everything(OperationCall& call);
boost::asio::awaitable<Result<http::Response>> value_set_expand(OperationCall& call);
boost::asio::awaitable<Result<http::Response>> value_set_validate_code(OperationCall& call);
boost::asio::awaitable<Result<http::Response>> code_system_validate_code(OperationCall& call);
boost::asio::awaitable<Result<http::Response>> code_system_lookup(OperationCall& call);
boost::asio::awaitable<Result<http::Response>> code_system_subsumes(OperationCall& call);

}  // namespace lightbox::rest
