//! The admin interface, through its forms as a browser without scripts sends them, and in browsers.

mod every_page;
