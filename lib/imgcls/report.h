#pragma once
// All of imgcls/report.

#include <imgcls/report/progress.h>
#include <imgcls/report/sample_log.h>
#include <imgcls/report/terminal.h>
#include <imgcls/report/train_log.h>
