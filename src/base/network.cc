#include "base/network.h"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <variant>

namespace lightbox {
namespace {

namespace ip = boost::asio::ip;

using Network = std::variant<std::monostate, ip::address, ip::network_v4, ip::network_v6>;

Network parse_network(const std::string& text) {
  boost::system::error_code error;
  if (text.find('/') == text.npos) {
    const auto address = ip::make_address(text, error);
    return error ? Network() : Network(address);
  }
  const auto v4 = ip::make_network_v4(text, error);
  if (!error) return Network(v4);
  const auto v6 = ip::make_network_v6(text, error);
  return error ? Network() : Network(v6);
}

}  // namespace

bool is_network(const std::string& text) { return parse_network(text).index() != 0; }

bool is_in_network(const std::string& address, const std::string& network) {
  boost::system::error_code error;
  const auto from = ip::make_address(address, error);
  if (error) return false;
  const Network parsed = parse_network(network);
  if (const auto* only = std::get_if<ip::address>(&parsed)) return *only == from;
  if (const auto* v4 = std::get_if<ip::network_v4>(&parsed)) {
    return from.is_v4() &&
           ip::network_v4(from.to_v4(), v4->prefix_length()).network() == v4->network();
  }
  const auto* v6 = std::get_if<ip::network_v6>(&parsed);
  return v6 != nullptr && from.is_v6() &&
         ip::network_v6(from.to_v6(), v6->prefix_length()).network() == v6->network();
}

}  // namespace lightbox
