/** What a device must offer: memory, weights, and a kernel for each node. */
@NullMarked
package org.drag4j.device;

import org.jspecify.annotations.NullMarked;
