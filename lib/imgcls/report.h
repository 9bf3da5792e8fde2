#pragma once
// All of imgcls/report: finished runs, and those under way, shown. What is declared here belongs to
// the CMake target imgcls::report, which needs no LibTorch. In the order of things:
//
//   header                what it does
//   report/run_files.h    finds runs and reads their folders; read_eval.h their eval/
//   report/recipe.h       which runs belong together; curves.h their means and bands
//   report/report_json.h  the figures, as the page shows them
//   report/make_report.h  one page (page.h), or PNGs (plot.h)
//   report/serve.h        the page live, at 127.0.0.1
//
// What a run writes is imgcls/log.h's, which this header has always brought along.

#include <imgcls/log.h>
#include <imgcls/report/make_report.h>
#include <imgcls/report/report_json.h>
#include <imgcls/report/run_files.h>
#include <imgcls/report/serve.h>
