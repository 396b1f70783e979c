"""The quadcopter of DDAT in Python's standard library, with its own quaternion, which is not normalised.

    quadcopter.py RECORDING FILE [unit]   writes a recording of four flights (.npz, keys Trajs and Actions); unit: of the
                                          dynamics that normalise the quaternion in every step, which are others
    quadcopter.py NUMBERS                 prints next states and cotangents, as tests/sim/closed/test_quadcopter.c has them

The derivatives are those of complex steps. None of this shares code with the project.
"""
import cmath
import io
import math
import random
import struct
import sys
import zipfile

H, M, G, C, KT, KQ, L, J = 0.01, 1.2, 9.81, 0.1, 1.076e-5, 1.632e-7, 0.16, 2.7e-5
IX, IY, IZ = 0.0123, 0.0123, 0.0224
LOW, HIGH = 75, 925


def clip(w):
    return LOW if w.real < LOW else HIGH if w.real > HIGH else w


def square(v):
    """|v| v"""
    return v * v if v.real > 0 else -v * v


def step(x, u):
    """x: position, quaternion w x y z, velocity, angular velocity, rotor speeds (17)"""
    q0, q1, q2, q3 = x[3:7]
    vx, vy, vz, p, q, r = x[7:13]
    w = x[13:17]
    f = [KT * clip(a) ** 2 for a in w]
    t = [KQ * clip(a) ** 2 for a in w]
    total, spin = sum(f), w[0] - w[1] + w[2] - w[3]
    rate = [vx, vy, vz,
            (-p * q1 - q * q2 - r * q3) / 2,
            (p * q0 - q * q3 + r * q2) / 2,
            (p * q3 + q * q0 - r * q1) / 2,
            (-p * q2 + q * q1 + r * q0) / 2,
            (-C * square(vx) - 2 * (q0 * q2 + q1 * q3) * total) / M,
            (-C * square(vy) + 2 * (q0 * q1 - q2 * q3) * total) / M,
            (-C * square(vz) - (q0 ** 2 - q1 ** 2 - q2 ** 2 + q3 ** 2) * total + G * M) / M,
            ((IY - IZ) * q * r - J * spin * q + (f[0] - f[1] - f[2] + f[3]) * L) / IX,
            ((IZ - IX) * p * r + J * spin * p + (f[0] + f[1] - f[2] - f[3]) * L) / IY,
            ((IX - IY) * p * q - t[0] + t[1] - t[2] + t[3]) / IZ]
    rate += [a / J for a in u]
    y = [a + b * H for a, b in zip(x, rate)]
    return y[:13] + [clip(a) for a in y[13:]]


# ---- recordings ----

def npy(shape, values):
    head = "{'descr': '<f8', 'fortran_order': False, 'shape': %s, }" % (shape,)
    head += ' ' * (63 - (10 + len(head)) % 64) + '\n'
    return b'\x93NUMPY\x01\x00' + struct.pack('<H', len(head)) + head.encode() + struct.pack('<%dd' % len(values), *values)


def fly(rng, frames, unit):
    """a flight of random torques around a damped hover"""
    hover = math.sqrt(M * G / (4 * KT))
    x = [rng.gauss(0, 0.1) for _ in range(3)] + [1 + rng.gauss(0, 0.1)] + [rng.gauss(0, 0.1) for _ in range(9)]
    x += [hover + rng.gauss(0, 1) for _ in range(4)]
    states, actions = [], []
    push = [0] * 4
    for t in range(frames):
        if t % 7 == 0:
            push = [rng.uniform(-1, 1) for _ in range(4)]
        roll, pitch, yaw = 3 * x[4] + x[10], 3 * x[5] + x[11], x[12]
        want = [hover + 300 * push[k] - 60 * (a * roll + b * pitch) - 40 * c * yaw
                for k, (a, b, c) in enumerate(((1, 1, -1), (-1, 1, 1), (-1, -1, -1), (1, -1, 1)))]
        u = [max(-0.9, min(0.9, 0.3 * (w - a) * J / H)) for w, a in zip(want, x[13:])]
        states += x
        actions += u
        x = step(x, u)
        if unit:
            n = math.sqrt(sum(a * a for a in x[3:7]))
            x[3:7] = [a / n for a in x[3:7]]
    return states, actions


def record(path, unit):
    rng, n, frames, states, actions = random.Random(3), 4, 60, [], []
    for _ in range(n):
        s, a = fly(rng, frames, unit)
        states += s
        actions += a
    with zipfile.ZipFile(path, 'w') as z:
        z.writestr('Trajs.npy', npy((n, frames, 17), states))
        z.writestr('Actions.npy', npy((n, frames, 4), actions))


# ---- numbers: states of 18, tangents of 17 ----

def times(a, b):
    return [a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3],
            a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2],
            a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1],
            a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0]]


def next_state(x, u):
    """x: position, quaternion of norm 1, velocity, angular velocity, rotor speeds, length of the quaternion"""
    y = step(x[:3] + [x[17] * a for a in x[3:7]] + x[7:17], u)
    n = cmath.sqrt(sum(a * a for a in y[3:7]))
    return y[:3] + [a / n for a in y[3:7]] + y[7:] + [n]


def moved(x, k, by):
    """x moved along coordinate k of the tangent"""
    out = list(x)
    if 3 <= k < 6:
        turn = [1, 0, 0, 0]
        turn[k - 2] = by / 2
        out[3:7] = times(x[3:7], turn)
    else:
        out[k if k < 3 else k + 1] += by
    return out


def cotangents(x, u, y):
    tiny = 1e-30
    first = [a.real for a in next_state(x, u)]

    def pull(x, u):
        z = [complex(a).imag / tiny for a in next_state(x, u)]
        q = times([first[3], -first[4], -first[5], -first[6]], z[3:7])
        e = z[:3] + [2 * a for a in q[1:]] + z[7:]
        return sum(a * b for a, b in zip(e, y))

    xbar = [pull(moved(x, k, 1j * tiny), u) for k in range(17)]
    ubar = [pull(x, [a + 1j * tiny * (i == k) for i, a in enumerate(u)]) for k in range(4)]
    return first, xbar, ubar


CASES = [  # tilted, turning fast, long quaternion; a rotor that is clamped by the step; rotors beyond the range
    ([0.3, -0.2, 0.1, 0.5, -0.5, 0.1, 0.7, 8.0, -2.0, 0.8, 7.5, 12.0, -1.5, 657, 571, 827, 690, 1.2],
     [0.3, -0.2, 0.1, -0.4]),
    ([7, 0.1, -0.2, 0.9, 0.1, -0.3, 0.3, -0.5, 3.0, -1.7, -7.0, -6.0, 2.0, 400, 900, 90, 500, 0.9], [0.1, 0.5, -0.5, 0]),
    ([0, 0, 0, 0.2, 0.4, -0.8, 0.4, 1, 1, -1, 1, -2, 3, 60, 940, 300, 500, 1.05], [0.9, -0.9, 0.2, 0.1])]


def numbers():
    for x, u in CASES:
        n = math.sqrt(sum(a * a for a in x[3:7]))
        x = x[:3] + [a / n for a in x[3:7]] + [float(a) for a in x[7:]]
        y = [math.sin(1.0 + k) for k in range(17)]
        for name, row in zip(('x1', 'xbar', 'ubar'), cotangents(x, u, y)):
            print('     /* %s */ {%s},' % (name, ', '.join('%.16g' % a for a in row)))


if __name__ == '__main__':
    if sys.argv[1] == 'RECORDING':
        record(sys.argv[2], 'unit' in sys.argv[3:])
    else:
        numbers()
