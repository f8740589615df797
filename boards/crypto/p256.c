/*
 * Points are Jacobian, their coordinates in Montgomery's form; the formulas are dbl-2001-b and madd of the
 * Explicit-Formulas Database (a = -3).
 */
#include "p256.h"

#include <string.h>

#include "big_endian.h"
#include "modular.h"

static const struct modulus FIELD = {
    .m = {0xffffffff, 0xffffffff, 0xffffffff, 0x00000000, 0x00000000, 0x00000000, 0x00000001, 0xffffffff},
    .r2 = {0x00000003, 0x00000000, 0xffffffff, 0xfffffffb, 0xfffffffe, 0xffffffff, 0xfffffffd, 0x00000004},
    .inverse = 0x00000001,
};
static const struct modulus ORDER = {
    .m = {0xfc632551, 0xf3b9cac2, 0xa7179e84, 0xbce6faad, 0xffffffff, 0xffffffff, 0x00000000, 0xffffffff},
    .r2 = {0xbe79eea2, 0x83244c95, 0x49bd6fa6, 0x4699799c, 0x2b6bec59, 0x2845b239, 0xf3d95620, 0x66e12d94},
    .inverse = 0xee00bc4f,
};

/* In Montgomery's form of the field: 1, the curve's b, the base point. */
static const number ONE = {
    0x00000001, 0x00000000, 0x00000000, 0xffffffff, 0xffffffff, 0xffffffff, 0xfffffffe, 0x00000000,
};
static const number B = {
    0x29c4bddf, 0xd89cdf62, 0x78843090, 0xacf005cd, 0xf7212ed6, 0xe5a220ab, 0x04874834, 0xdc30061d,
};

struct affine {
    number x;
    number y;
};

static const struct affine BASE = {
    .x = {0x18a9143c, 0x79e730d4, 0x5fedb601, 0x75ba95fc, 0x77622510, 0x79fb732b, 0xa53755c6, 0x18905f76},
    .y = {0xce95560a, 0xddf25357, 0xba19e45c, 0x8b4ab8e4, 0xdd21f325, 0xd2e88688, 0x25885d85, 0x8571ff18},
};

/* x/z^2, y/z^3; z = 0 is the point at infinity. */
struct point {
    number x;
    number y;
    number z;
};

static void read_number(number out, const uint8_t *bytes)
{
    for (unsigned i = 0; i < NUMBER_WORDS; i++)
        out[i] = get_u32_be(bytes + 4 * (NUMBER_WORDS - 1 - i));
}

static void mod_add(number out, const number a, const number b)
{
    if (number_add(out, a, b) != 0 || !number_less(out, FIELD.m))
        number_subtract(out, out, FIELD.m);
}

static void mod_sub(number out, const number a, const number b)
{
    if (number_subtract(out, a, b) != 0)
        number_add(out, out, FIELD.m);
}

static void times(number out, const number a, const number b)
{
    modular_multiply(out, a, b, &FIELD);
}

/* 1/a, from and to Montgomery's form of the order: a^(m - 2). */
static void invert(number out, const number a)
{
    static const number two = {2};
    number exponent;
    number result;
    number_subtract(exponent, ORDER.m, two);
    memcpy(result, a, sizeof result);
    /* The highest bit of the exponent is set, and done. */
    for (unsigned bit = 255; bit-- > 0;) {
        modular_multiply(result, result, result, &ORDER);
        if ((exponent[bit / 32] >> bit % 32 & 1) != 0)
            modular_multiply(result, result, a, &ORDER);
    }
    memcpy(out, result, sizeof result);
}

static void twice(struct point *p)
{
    number delta;
    number gamma;
    number beta;
    number alpha;
    times(delta, p->z, p->z);
    times(gamma, p->y, p->y);
    times(beta, p->x, gamma);
    mod_add(alpha, p->x, delta);
    mod_sub(p->x, p->x, delta);
    times(p->x, p->x, alpha);
    mod_add(alpha, p->x, p->x);
    mod_add(alpha, alpha, p->x); /* 3 (x - delta) (x + delta) */
    mod_add(p->z, p->z, p->y);
    times(p->z, p->z, p->z);
    mod_sub(p->z, p->z, gamma);
    mod_sub(p->z, p->z, delta);
    mod_add(beta, beta, beta);
    mod_add(beta, beta, beta);
    times(p->x, alpha, alpha);
    mod_sub(p->x, p->x, beta);
    mod_sub(p->x, p->x, beta);
    mod_sub(beta, beta, p->x);
    times(gamma, gamma, gamma);
    mod_add(gamma, gamma, gamma);
    mod_add(gamma, gamma, gamma);
    mod_add(gamma, gamma, gamma);
    times(p->y, alpha, beta);
    mod_sub(p->y, p->y, gamma);
}

static void add(struct point *p, const struct affine *q)
{
    number h;
    number r;
    number u;
    if (number_is_zero(p->z)) {
        memcpy(p->x, q->x, sizeof(number));
        memcpy(p->y, q->y, sizeof(number));
        memcpy(p->z, ONE, sizeof(number));
        return;
    }
    times(u, p->z, p->z);
    times(h, q->x, u);
    mod_sub(h, h, p->x);
    times(u, u, p->z);
    times(r, q->y, u);
    mod_sub(r, r, p->y);
    if (number_is_zero(h)) {
        /* The same point, or its negative. */
        if (number_is_zero(r))
            twice(p);
        else
            memset(p->z, 0, sizeof(number));
        return;
    }
    times(p->z, p->z, h);
    times(u, h, h);
    times(h, h, u);
    times(u, u, p->x); /* x h^2 */
    times(p->x, r, r);
    mod_sub(p->x, p->x, h);
    mod_sub(p->x, p->x, u);
    mod_sub(p->x, p->x, u);
    times(h, h, p->y);
    mod_sub(u, u, p->x);
    times(p->y, r, u);
    mod_sub(p->y, p->y, h);
}

/* y^2 = x^3 - 3x + b */
static bool on_curve(const struct affine *q)
{
    number left;
    number right;
    times(left, q->y, q->y);
    times(right, q->x, q->x);
    times(right, right, q->x);
    for (unsigned i = 0; i < 3; i++)
        mod_sub(right, right, q->x);
    mod_add(right, right, B);
    return memcmp(left, right, sizeof left) == 0;
}

static bool read_point(struct affine *q, const uint8_t *bytes)
{
    read_number(q->x, bytes);
    read_number(q->y, bytes + 32);
    if (!number_less(q->x, FIELD.m) || !number_less(q->y, FIELD.m))
        return false;
    times(q->x, q->x, FIELD.r2);
    times(q->y, q->y, FIELD.r2);
    return on_curve(q);
}

/* a * BASE + b * q */
static void add_multiples(struct point *sum, const number a, const number b, const struct affine *q)
{
    memset(sum, 0, sizeof *sum);
    for (unsigned bit = 256; bit-- > 0;) {
        twice(sum);
        if ((a[bit / 32] >> bit % 32 & 1) != 0)
            add(sum, &BASE);
        if ((b[bit / 32] >> bit % 32 & 1) != 0)
            add(sum, q);
    }
}

/* x/z^2 == r mod the order: r itself or, when that is below the field's prime, r + order. No division. */
static bool has_x(const struct point *p, number r)
{
    number z2;
    number want;
    times(z2, p->z, p->z);
    for (;;) {
        times(want, r, FIELD.r2);
        times(want, want, z2);
        if (memcmp(want, p->x, sizeof want) == 0)
            return true;
        if (number_add(r, r, ORDER.m) != 0 || !number_less(r, FIELD.m))
            return false;
    }
}

bool p256_verify(const uint8_t *key, const uint8_t *digest, const uint8_t *signature)
{
    struct affine q;
    struct point sum;
    number r;
    number s;
    number u1;
    number u2;
    read_number(r, signature);
    read_number(s, signature + 32);
    if (number_is_zero(r) || number_is_zero(s) || !number_less(r, ORDER.m) || !number_less(s, ORDER.m))
        return false;
    if (!read_point(&q, key))
        return false;
    modular_multiply(s, s, ORDER.r2, &ORDER);
    invert(s, s);
    /* One factor in Montgomery's form and one not: the product is not. */
    read_number(u1, digest);
    modular_multiply(u1, u1, s, &ORDER);
    modular_multiply(u2, r, s, &ORDER);
    add_multiples(&sum, u1, u2, &q);
    return !number_is_zero(sum.z) && has_x(&sum, r);
}
