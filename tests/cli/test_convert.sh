#!/usr/bin/env bash
# docs/examples/convert.py: pickles, object arrays and LeRobot data sets become flat arrays with the ends of episodes.
. tests/cli/check.sh

packages=third_party/python
export PYTHONDONTWRITEBYTECODE=1 # nothing is written into the tree
python() { PYTHONPATH=$PWD/$packages:$PWD/$packages-parquet${PYTHONPATH:+:$PYTHONPATH} python3 "$@"; }
if ! python -c 'import numpy' 2>/dev/null; then
  skip convert "Python has no numpy (ci/fetch-python.py $packages)"
  finish
  exit
fi
converts() { mkdir "$scratch/$1" && python tests/cli/convert_check.py "$scratch/$1" "$1"; }
check a_list_of_episodes_is_joined converts episodes
check a_list_of_frames_is_stacked converts frames
check a_dictionary_keeps_its_arrays converts dictionary
check object_arrays_of_episodes_are_joined converts objects
check names_that_an_entry_lacks_are_named converts lacking
check episodes_of_equal_length_are_flat_beside_others converts equal
check a_pickle_is_not_read_without_trust converts trust
check episodes_with_rows_that_do_not_fit_are_refused converts lengths
if python -c 'import pyarrow' 2>/dev/null; then
  check a_lerobot_data_set_is_sorted_and_named converts lerobot
else
  skip a_lerobot_data_set_is_sorted_and_named "Python has no pyarrow (ci/fetch-python.py $packages-parquet ci/python-parquet.txt)"
fi
finish
