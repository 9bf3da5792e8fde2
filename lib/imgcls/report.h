#pragma once
// All of imgcls/report that belongs to imgcls::imgcls. Reports of runs, of the CMake target
// imgcls::report, stand in report/make_report.h and report/serve.h.

#include <imgcls/report/progress.h>
#include <imgcls/report/sample_log.h>
#include <imgcls/report/terminal.h>
#include <imgcls/report/train_log.h>
#include <imgcls/report/wandb_run.h>
