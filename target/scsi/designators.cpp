#include "target/scsi/designators.h"

#include <fmt/format.h>

#include <algorithm>

#include "target/base/check.h"
#include "target/base/field.h"
#include "target/scsi/identity.h"
#include "target/scsi/report_bytes.h"

namespace shoal::scsi {

namespace {

enum class CodeSet : std::uint8_t { binary = 1, ascii = 2, utf8 = 3 };
enum class Association : std::uint8_t { unit = 0, target_port = 1, target_device = 2 };
enum class DesignatorType : std::uint8_t {
  t10_vendor_id = 1,
  naa = 3,
  relative_target_port = 4,
  target_port_group = 5,
  scsi_name = 8,
};

namespace designator_layout {
constexpr std::size_t kHeaderBytes = kDesignatorHeaderBytes;
constexpr std::size_t kMaxBytes = 255;
using Protocol = Bits<std::uint8_t, 0, 4, 4>;
using CodeSetField = Bits<CodeSet, 0, 0, 4>;
using ProtocolValid = Bits<bool, 1, 7>;
using AssociationField = Bits<Association, 1, 4, 2>;
using Type = Bits<DesignatorType, 1, 0, 4>;
using Length = Field<std::uint8_t, 3>;
}  // namespace designator_layout

namespace port_layout {  // SPC-4 tables 642, 643: a port without an initiator port
constexpr std::size_t kBytes = 12;
using RelativePort = Field<std::uint16_t, 2>;
using DescriptorsBytes = Field<std::uint16_t, 10>;
}  // namespace port_layout

constexpr std::uint8_t kIscsi = 5;  // SPC-4 table 439

class DesignatorList {
 public:
  void add(CodeSet code_set, Association association, DesignatorType type, ByteSpan designator) {
    using namespace designator_layout;
    CHECK(designator.size() <= kMaxBytes, designator.size());
    std::array<std::byte, kHeaderBytes> header{};
    CodeSetField::put(header, code_set);
    AssociationField::put(header, association);
    Type::put(header, type);
    Length::put(header, static_cast<std::uint8_t>(designator.size()));
    if (association != Association::unit) {
      Protocol::put(header, kIscsi);
      ProtocolValid::put(header, true);
    }
    append(bytes_, header);
    append(bytes_, designator);
  }
  // Relative target port and target port group: two reserved bytes, then the number.
  void add_number(DesignatorType type, std::uint16_t number) {
    std::array<std::byte, 4> designator{};
    Field<std::uint16_t, 2>::put(designator, number);
    add(CodeSet::binary, Association::target_port, type, designator);
  }
  // SPC-4 7.8.6.11: ended by a zero byte, padded with zeros to a multiple of four.
  void add_scsi_name(Association association, std::string name) {
    name.resize(name.size() / 4 * 4 + 4, '\0');
    add(CodeSet::utf8, association, DesignatorType::scsi_name, as_bytes(name));
  }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  ReportBytes bytes_;
};

// RFC 7143 4.2.7.4: the name of an iSCSI target port.
std::string port_name(const LogicalUnit& unit) {
  return fmt::format("{},t,0x{:04x}", unit.target_name, unit.portal_group_tag);
}

}  // namespace

std::vector<std::byte> device_identification(const LogicalUnit& unit) {
  std::array<std::byte, 8> naa{};
  Field<std::uint64_t, 0>::put(naa, unit.identity.naa);
  DesignatorList list;
  list.add(CodeSet::binary, Association::unit, DesignatorType::naa, naa);
  list.add(CodeSet::ascii, Association::unit, DesignatorType::t10_vendor_id,
           as_bytes(std::string(kVendorId) + unit.identity.serial));
  list.add_number(DesignatorType::relative_target_port, kRelativeTargetPort);
  list.add_number(DesignatorType::target_port_group, kTargetPortGroup);
  list.add_scsi_name(Association::target_port, port_name(unit));
  list.add_scsi_name(Association::target_device, unit.target_name);
  return list.take();
}

std::vector<std::byte> scsi_ports(const LogicalUnit& unit) {
  using namespace port_layout;
  DesignatorList list;
  list.add_scsi_name(Association::target_port, port_name(unit));
  const std::vector<std::byte> descriptors = list.take();
  std::vector<std::byte> ports(kBytes + descriptors.size());
  const auto port = MutableByteSpan(ports).first<kBytes>();
  RelativePort::put(port, kRelativeTargetPort);
  DescriptorsBytes::put(port, static_cast<std::uint16_t>(descriptors.size()));
  std::ranges::copy(descriptors, ports.begin() + kBytes);
  return ports;
}

bool has_unit_designator(const LogicalUnit& unit, ByteSpan designator) {
  using namespace designator_layout;
  const std::vector<std::byte> page = device_identification(unit);
  for (ByteSpan rest(page); !rest.empty();) {
    const auto header = rest.first<kHeaderBytes>();
    const ByteSpan known = rest.first(kHeaderBytes + Length::get(header));
    if (AssociationField::get(header) == Association::unit && std::ranges::equal(known, designator)) return true;
    rest = rest.subspan(known.size());
  }
  return false;
}

}  // namespace shoal::scsi
