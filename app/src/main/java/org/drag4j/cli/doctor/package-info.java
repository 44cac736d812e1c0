/** The commands that look at devices, and what they run in processes of their own. */
@NullMarked
package org.drag4j.cli.doctor;

import org.jspecify.annotations.NullMarked;
