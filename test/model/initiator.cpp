#include "test/model/initiator.h"

#include <fmt/format.h>

extern "C" {
#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>
}

namespace model {

namespace {
constexpr int kAnswerSeconds = 20;

struct FreeTask {
  void operator()(scsi_task* task) const { scsi_free_scsi_task(task); }
};
using Task = std::unique_ptr<scsi_task, FreeTask>;

struct FreeUrl {
  void operator()(iscsi_url* url) const { iscsi_destroy_url(url); }
};

Task make_task(const Command& command) {
  const bool writes = !command.out.empty();
  const int direction = writes ? SCSI_XFER_WRITE : command.in ? SCSI_XFER_READ : SCSI_XFER_NONE;
  const auto length = static_cast<int>(writes ? command.out.size() : command.in);
  Bytes cdb = command.cdb;
  return Task(scsi_create_task(static_cast<int>(cdb.size()), cdb.data(), direction, length));
}

Answer answer_of(const scsi_task& task) {
  Answer answer{.status = task.status};
  if (task.status == SCSI_STATUS_CHECK_CONDITION) {
    answer.sense = {static_cast<std::uint8_t>(task.sense.key), static_cast<std::uint16_t>(task.sense.ascq)};
  }
  if (task.datain.size > 0) answer.data.assign(task.datain.data, task.datain.data + task.datain.size);
  return answer;
}
}  // namespace

void Initiator::Destroy::operator()(iscsi_context* context) const { iscsi_destroy_context(context); }

Initiator::Initiator(int number, const std::string& text)
    : context_(iscsi_create_context(initiator_name(number).c_str())), url_(text) {
  if (!context_) throw Broken("libiscsi: out of memory");
  const std::unique_ptr<iscsi_url, FreeUrl> url(iscsi_parse_full_url(context_.get(), text.c_str()));
  if (!url) throw Broken(fmt::format("{}: not iscsi://HOST:PORT/IQN/LUN", text));
  lun_ = url->lun;
  iscsi_set_targetname(context_.get(), url->target);
  iscsi_set_session_type(context_.get(), ISCSI_SESSION_NORMAL);
  iscsi_set_isid_random(context_.get(), static_cast<std::uint32_t>(number), kIsidQualifier);
  iscsi_set_noautoreconnect(context_.get(), 1);
  iscsi_set_timeout(context_.get(), kAnswerSeconds);
  if (iscsi_connect_sync(context_.get(), url->portal) != 0 || iscsi_login_sync(context_.get()) != 0) {
    throw Broken(fmt::format("login at {}: {}", text, iscsi_get_error(context_.get())));
  }
}

Answer Initiator::execute(const Command& command) {
  Task task = make_task(command);
  iscsi_data out{command.out.size(), const_cast<unsigned char*>(command.out.data())};  // libiscsi only reads it
  if (!iscsi_scsi_command_sync(context_.get(), lun_, task.get(), command.out.empty() ? nullptr : &out) ||
      task->status > 0xff) {
    throw Broken(fmt::format("{}: no answer to {:02x}: {}", url_, command.cdb[0], iscsi_get_error(context_.get())));
  }
  return answer_of(*task);
}

void Initiator::reset_unit() {
  if (iscsi_task_mgmt_lun_reset_sync(context_.get(), static_cast<std::uint32_t>(lun_)) != 0) {
    throw Broken(fmt::format("{}: LOGICAL UNIT RESET: {}", url_, iscsi_get_error(context_.get())));
  }
}

void Initiator::log_out() { iscsi_logout_sync(context_.get()); }

}  // namespace model
