#include <imgcls/core/nan_sign.h>
#include <imgcls/log/step_log.h>

#include <fmt/format.h>

namespace imgcls::report {

StepLog::StepLog(const std::filesystem::path& path, std::int64_t step)
    : file_(path,
            "step,epoch,time,loss,lr,grad_norm,loss_scale,images_per_second,data_wait,"
            "memory_mib\n",
            /*step_column=*/0, step) {}

void StepLog::append(const StepRow& row) {
  file_.append(fmt::format("{},{},{:.3f},{:.6f},{:.9g},{:.6g},{:.9g},{:.2f},{:.4f},{:.1f}\n",
                           row.step, row.epoch, row.time_s, without_nan_sign(row.loss), row.lr,
                           without_nan_sign(row.grad_norm), row.loss_scale, row.images_per_second,
                           row.data_wait, row.memory_mib));
}

}  // namespace imgcls::report
