# drawn by: gnuplot sweep.gp
set encoding utf8
set terminal svg size 820,620 fixed enhanced name 'dynaflow' font 'Helvetica,13' rounded linewidth 1 background '#ffffff'
set output 'sweep.svg'
set border 3 lc rgb '#555555' lw 0.8
set tics nomirror out scale 0.4 font ',11' textcolor rgb '#333333'
set xtics offset 0,0.45
set ytics offset 0.4,0
set grid lt 1 lc rgb '#e6e6e6' lw 0.7
set datafile missing 'NaN'
set style fill transparent solid 0.18 noborder
unset key
set multiplot
set lmargin at screen 0.13
set rmargin at screen 0.66
set bmargin at screen 0.14
set tmargin at screen 0.95
set logscale xy
set format '10^{%L}'
set xrange [1e-9:1e-2]
set yrange [1e-13:10]
set xlabel 'finite-difference step' offset 0,0.5
set ylabel 'median relative error'
set key at screen 0.68, screen 0.96 left top samplen 1.2 spacing 0.9 font ',9'
plot 1e2*x**2 with lines lw 1 dt 2 lc rgb '#999999' title 'slope 2', \
  1e-17/x with lines lw 1 dt 3 lc rgb '#999999' title 'slope -1', \
  'sweep.dat' index 0 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#0072b2' title "gymnasium/ant", \
  'sweep.dat' index 1 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#0072b2' title "gymnasium/half\\_cheetah", \
  'sweep.dat' index 2 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#0072b2' title "gymnasium/hopper", \
  'sweep.dat' index 3 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#0072b2' title "gymnasium/humanoid", \
  'sweep.dat' index 4 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#0072b2' title "gymnasium/inverted\\_double\\_pendulum", \
  'sweep.dat' index 5 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#0072b2' title "gymnasium/inverted\\_pendulum", \
  'sweep.dat' index 6 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#0072b2' title "gymnasium/pusher\\_v5", \
  'sweep.dat' index 7 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#0072b2' title "gymnasium/reacher", \
  'sweep.dat' index 8 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#0072b2' title "gymnasium/walker2d", \
  'sweep.dat' index 9 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#0072b2' title "gymnasium/walker2d\\_v5", \
  'sweep.dat' index 10 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#d55e00' title "ddat/hopper", \
  'sweep.dat' index 11 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#d55e00' title "ddat/walker2d", \
  'sweep.dat' index 12 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#d55e00' title "ddat/go1", \
  'sweep.dat' index 13 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#d55e00' title "ddat/go1\\_scene", \
  'sweep.dat' index 14 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#009e73' title "dm\\_control/acrobot", \
  'sweep.dat' index 15 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#009e73' title "dm\\_control/cartpole", \
  'sweep.dat' index 16 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#009e73' title "dm\\_control/cheetah", \
  'sweep.dat' index 17 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#009e73' title "dm\\_control/finger", \
  'sweep.dat' index 18 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#009e73' title "dm\\_control/hopper", \
  'sweep.dat' index 19 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#009e73' title "dm\\_control/humanoid", \
  'sweep.dat' index 20 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#009e73' title "dm\\_control/manipulator", \
  'sweep.dat' index 21 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#009e73' title "dm\\_control/pendulum", \
  'sweep.dat' index 22 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#009e73' title "dm\\_control/point\\_mass", \
  'sweep.dat' index 23 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#009e73' title "dm\\_control/quadruped", \
  'sweep.dat' index 24 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#009e73' title "dm\\_control/reacher", \
  'sweep.dat' index 25 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#009e73' title "dm\\_control/stacker", \
  'sweep.dat' index 26 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#009e73' title "dm\\_control/walker", \
  'sweep.dat' index 27 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#cc79a7' title "playground/go1\\_feet\\_only", \
  'sweep.dat' index 28 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#cc79a7' title "playground/go1\\_feet\\_only\\_mesh\\_free", \
  'sweep.dat' index 29 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#cc79a7' title "playground/go1", \
  'sweep.dat' index 30 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#cc79a7' title "playground/go1\\_full\\_collisions", \
  'sweep.dat' index 31 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#e69f00' title "menagerie/a1", \
  'sweep.dat' index 32 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#e69f00' title "menagerie/g1\\_mjx", \
  'sweep.dat' index 33 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#e69f00' title "menagerie/go1", \
  'sweep.dat' index 34 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#e69f00' title "menagerie/go2", \
  'sweep.dat' index 35 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#e69f00' title "menagerie/go2\\_mjx", \
  'sweep.dat' index 36 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#e69f00' title "menagerie/h1", \
  'sweep.dat' index 37 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#56b4e9' title "objects/arm\\_box", \
  'sweep.dat' index 38 using 1:2 with linespoints pt 7 ps 0.25 lw 1 lc rgb '#56b4e9' title "objects/ball\\_on\\_box"
unset multiplot
