#pragma once
// All of imgcls/train.

#include <imgcls/train/checkpoint.h>
#include <imgcls/train/compose.h>
#include <imgcls/train/evaluate.h>
#include <imgcls/train/input.h>
#include <imgcls/train/options.h>
#include <imgcls/train/precision.h>
#include <imgcls/train/program.h>
#include <imgcls/train/rank_fields.h>
#include <imgcls/train/replica.h>
#include <imgcls/train/step.h>
#include <imgcls/train/step_profile.h>
#include <imgcls/train/stop.h>
#include <imgcls/train/trainer.h>
#include <imgcls/train/wait_for_data.h>
