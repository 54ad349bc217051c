//! `/-/health/…`.

use lockgate_tests::{Database, Server};

on_each_database!(health_pages_answer_and_the_rest_of_the_folder_does_not);

async fn health_pages_answer_and_the_rest_of_the_folder_does_not(database: Database) {
    let server = Server::builder(database).start().await;
    for page in ["/-/health/live/", "/-/health/ready/"] {
        let reply = server.get(page).await;
        assert!(matches!(reply.status, 200 | 204), "{page}: {}", reply.status);
    }
    for page in ["/-/", "/-/health/", "/-/metrics", "/-/health/ready"] {
        server.get(page).await.expect(404);
    }
}
