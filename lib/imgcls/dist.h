#pragma once
// All of imgcls/dist.

#include <imgcls/dist/agree.h>
#include <imgcls/dist/data_parallel.h>
#include <imgcls/dist/step_ranges.h>
#include <imgcls/dist/sync_batch_norm.h>
#include <imgcls/dist/world.h>
