/* data.S: what lies in the flash beside the program. The folder that holds both files is given with -I. */
    .section .weights, "a"
    .balign 8
    .global weights
weights:
    .incbin "weights.bin"
    .section .rodata.pixels, "a"
    .balign 4
    .global pixels
pixels:
    .incbin "pixels.bin"
