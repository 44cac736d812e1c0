/** The denoising network of Stable Diffusion 1.x and 2.x. */
@NullMarked
package org.drag4j.unet;

import org.jspecify.annotations.NullMarked;
