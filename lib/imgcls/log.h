#pragma once
// All of imgcls/log: what a run writes while it goes on. (Messages for people are core/log.h's.) In
// the order in which a run comes to them:
//
//   header            what it writes
//   log/run_folder.h  the run's folder: which files it holds, and one job at a time in it
//   log/terminal.h    whether a person watches
//   log/progress.h    one line, redrawn in place
//   log/sample_log.h  samples.csv: which samples each step was trained on
//   log/step_log.h    steps.csv: a row every few steps; log/step_row.h is such a row
//   log/train_log.h   train_log.csv: a row for each evaluation
//   log/event_file.h  TensorBoard's event files; log/histogram.h is one kind of what they hold
//   log/wandb_run.h   an offline run for Weights & Biases
//
// Each file grows at its end, and is cut where a run goes on from an earlier step:
//
//   append_file.h     the file; row_file.h one of CSV rows (csv_field.h, csv_rows.h), which
//                     csv_table.h reads again
//   tf_record.h       the frames of event files (crc32c.h)
//   wandb_file.h      a .wandb file: its frames (wandb_log.h) and messages (wandb_message.h,
//                     wandb_proto.h)

#include <imgcls/log/event_file.h>
#include <imgcls/log/progress.h>
#include <imgcls/log/run_folder.h>
#include <imgcls/log/sample_log.h>
#include <imgcls/log/step_log.h>
#include <imgcls/log/terminal.h>
#include <imgcls/log/train_log.h>
#include <imgcls/log/wandb_run.h>
