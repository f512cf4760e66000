/* board.h: what the board gives the firmware. */
#ifndef BOARD_H
#define BOARD_H
#include <stdint.h>
void board_write(const char *text);
void board_exit(int status) __attribute__((noreturn));
#endif
