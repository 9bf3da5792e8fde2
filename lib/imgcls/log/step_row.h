#pragma once
// How training goes between evaluations.

#include <array>
#include <cstdint>
#include <string_view>

namespace imgcls::report {

/// A row of steps.csv.
struct StepRow {
  std::int64_t step = 0;         ///< optimizer steps done
  std::int64_t epoch = 0;        ///< that the step belongs to, from 1
  double time_s = 0;             ///< seconds since the start, over all sessions of the run
  double loss = 0;               ///< mean over the step's global batch, label smoothing included
  double lr = 0;                 ///< the step's learning rate
  double grad_norm = 0;          ///< L2 norm of all gradients of the step, averaged over the ranks
  double loss_scale = 1;         ///< fp16's, after the step; else 1
  double images_per_second = 0;  ///< of all ranks, since the row before
  double data_wait = 0;          ///< mean over the ranks, of the time since the row before: 0 to 1
  double memory_mib = 0;         ///< resident memory of all ranks' processes
};

/// A column of steps.csv that is a figure: its name, and how it is printed.
struct StepFigure {
  std::string_view name;    ///< in the header of steps.csv
  double StepRow::*value;   ///< which member it is
  std::string_view format;  ///< for fmt, of a double
};

/// The figures of a row, in the order of the columns that follow step, epoch and time. TensorBoard
/// and Weights & Biases show them by these names, and readers find them by them.
inline constexpr std::array<StepFigure, 7> kStepFigures{{
    {"loss", &StepRow::loss, "{:.6f}"},
    {"lr", &StepRow::lr, "{:.9g}"},
    {"grad_norm", &StepRow::grad_norm, "{:.6g}"},
    {"loss_scale", &StepRow::loss_scale, "{:.9g}"},
    {"images_per_second", &StepRow::images_per_second, "{:.2f}"},
    {"data_wait", &StepRow::data_wait, "{:.4f}"},
    {"memory_mib", &StepRow::memory_mib, "{:.1f}"},
}};

}  // namespace imgcls::report
