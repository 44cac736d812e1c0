/** Plans that really compute: replay, fusion, memory, threads. */
@NullMarked
package org.drag4j.tests.runtime;

import org.jspecify.annotations.NullMarked;
